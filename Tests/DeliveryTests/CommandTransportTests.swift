import EventJSON
import Foundation
import Glibc
import Spool
import Testing

@testable import Delivery

struct CommandTransportTests {
    /// A transport with its loop, whose commands run in a directory of their own.
    private final class CommandUnderTest: Reporting {
        let directory = TemporaryDirectory()
        let reports = Reports()
        let transport: CommandTransport
        private let loop: CommandLoop

        init(_ settings: TargetSettings, timeout: Duration = .seconds(300)) throws {
            loop = try #require(CommandLoop.started())
            var settings = settings
            settings.timeout = timeout
            transport = try #require(
                CommandTransport(
                    settings, loop: loop, options: .plain(directory: directory.path), sink: reports.sink))
        }

        deinit { loop.submit(.stop) }

        /// Runs the command for one event; how it ended is the answer.
        func deliver(_ attempt: Attempt = .of()) async throws -> AttemptEnding {
            transport.start([attempt])
            return try await reports.ending(of: attempt.event.number)
        }

        /// Waits until the process whose number a command has written into a file is gone.
        func waitForEnd(ofProcessIn name: String) async throws {
            let pid = try #require(pid_t(directory.lines(name).first ?? ""))
            try await eventually("the end of process \(pid)") { CommandUnderTest.isGone(pid) }
        }

        /// Whether a process has ended; one that nobody has collected has.
        static func isGone(_ pid: pid_t) -> Bool {
            if kill(pid, 0) != 0 { return true }
            let fd = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
            guard fd >= 0 else { return true }
            defer { close(fd) }
            var bytes = [UInt8](repeating: 0, count: 512)
            let count = read(fd, &bytes, bytes.count)
            let text = String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
            return text.contains(") Z ") || text.contains(") X ") || count <= 0
        }
    }

    @Test func theEventComesOnStandardInputByteForByte() async throws {
        let under = try CommandUnderTest(try .shell("cat > body; echo done"))
        let attempt = Attempt.of(bytes: (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
        #expect(try await under.deliver(attempt) == .exited(code: 0, output: Array("done\n".utf8)))
        #expect(under.directory.bytes("body") == attempt.event.body)
        #expect(under.reports.all.first?.place == "/bin/sh -c")
    }

    @Test func aTemplateIsTheInput() async throws {
        var settings = try TargetSettings.command(["cat"])
        settings.body = JSONTemplate(.array([.template(try Template(parsing: "${type}"))]))
        let under = try CommandUnderTest(settings)
        #expect(try await under.deliver().output == #"["redemption.succeeded"]"#)
    }

    @Test func theEnvironmentTellsOfTheEventAndHoldsNothingElse() async throws {
        #expect(ProcessInfo.processInfo.environment.count > 7, "there is something that could be passed on")
        let under = try CommandUnderTest(
            try .command(["env"]) { $0.environment = [("MINE", try Template(parsing: "${type}!"))] })
        let output = try #require(try await under.deliver(.of(number: 4)).output)
        let names = Set(output.split(separator: "\n").map { $0.prefix { $0 != "=" } })
        #expect(names.subtracting(["PATH", "HOME", "LANG"]).count == 7)
        for line in [
            "HOOKSWITCH_EVENT=1042", "HOOKSWITCH_TYPE=redemption.succeeded", "HOOKSWITCH_SOURCE=voucherify",
            "HOOKSWITCH_ROUTE=redemptions,everything", "HOOKSWITCH_TARGET=crm", "HOOKSWITCH_ATTEMPT=4",
            "MINE=redemption.succeeded!",
        ] { #expect(output.contains(line + "\n")) }
    }

    @Test func argumentsHavePlaceholdersAndNoShellReadsThem() async throws {
        let under = try CommandUnderTest(try .command(["printf", "%s|", "--type", "${a}", "${b}", "x${c}"]))
        let ending = try await under.deliver(.of(body: #"{"a":"$(id); `id` 'q' *","b":"two\nlines","c":"\u0000n"}"#))
        #expect(ending.output == "--type|$(id); `id` 'q' *|two\nlines|x\u{FFFD}n|")
        #expect(under.reports.all.first?.place == "printf")
    }

    @Test func aValueInTheEnvironmentIsNoCommand() async throws {
        let under = try CommandUnderTest(
            try .shell(#"printf '%s' "$MINE""#) { $0.environment = [("MINE", try Template(parsing: "${a}"))] })
        #expect(
            try await under.deliver(.of(body: #"{"a":"$(touch owned); touch owned"}"#)).output?.hasPrefix("$(") == true)
        #expect(under.directory.names() == [])
    }

    @Test func anEventThatIsNoJSONIsUnfitForPlaceholders() async throws {
        let under = try CommandUnderTest(try .command(["echo", "${a}"]))
        guard case .unfit = try await under.deliver(.of(body: "a=b")) else {
            Issue.record("it was run")
            return
        }
    }

    @Test func itRunsInItsOwnDirectory() async throws {
        let elsewhere = TemporaryDirectory()
        let under = try CommandUnderTest(try .shell("pwd") { $0.directory = elsewhere.path })
        #expect(try await under.deliver().output == elsewhere.path + "\n")
    }

    @Test(arguments: [0, 1, 75, 127, 255] as [Int32]) func exitCodesAreReported(code: Int32) async throws {
        let under = try CommandUnderTest(try .shell("echo out; echo err >&2; exit \(code)"))
        #expect(try await under.deliver() == .exited(code: code, output: Array("out\nerr\n".utf8)))
    }

    @Test func finalExitsAreThoseOfTheConfiguration() async throws {
        let settings = try TargetSettings.shell("exit 65") { $0.finalExits = [65] }
        let ending = try await CommandUnderTest(settings).deliver()
        #expect(Verdict(ending, policy: settings.retry, finalExits: settings.finalExits, now: 0) == .final)
    }

    @Test func deathByASignalIsAFault() async throws {
        let under = try CommandUnderTest(try .shell("echo last words; kill -SEGV $$"))
        #expect(
            try await under.deliver() == .broken(reason: "killed by signal 11", output: Array("last words\n".utf8)))
    }

    @Test func atTheTimeoutTheWholeProcessGroupEnds() async throws {
        let under = try CommandUnderTest(
            try .shell("sleep 1000 & echo $! > child; echo $$ > self; echo begun; wait"), timeout: .milliseconds(300))
        guard case .broken(let reason, let output) = try await under.deliver() else {
            Issue.record("no timeout")
            return
        }
        #expect(reason.hasPrefix("timeout"))
        #expect(output == Array("begun\n".utf8))
        try await under.waitForEnd(ofProcessIn: "child")
        try await under.waitForEnd(ofProcessIn: "self")
    }

    @Test func oneThatIgnoresBeingAskedIsKilled() async throws {
        let under = try CommandUnderTest(
            try .shell("trap '' TERM; (trap '' TERM; echo $$ > self; while :; do sleep 1; done) & wait; wait"),
            timeout: .milliseconds(200))
        guard case .broken(let reason, _) = try await under.deliver() else {
            Issue.record("no timeout")
            return
        }
        #expect(reason.hasPrefix("timeout"))
        try await under.waitForEnd(ofProcessIn: "self")
    }

    @Test func oneThatEndsWellOnlyBecauseItWasToldToHasNotDeliveredAnything() async throws {
        let under = try CommandUnderTest(
            try .shell("trap 'exit 0' TERM; while :; do sleep 0.05; done"), timeout: .milliseconds(200))
        guard case .broken(let reason, _) = try await under.deliver() else {
            Issue.record("a timeout was taken for a success")
            return
        }
        #expect(reason.hasPrefix("timeout"))
    }

    @Test func cancelledCommandsAreReportedAsNotMade() async throws {
        let under = try CommandUnderTest(try .shell("trap 'exit 0' TERM; echo > begun; while :; do sleep 0.05; done"))
        under.transport.start([.of(1)])
        try await eventually("the command to begin") { under.directory.names().contains("begun") }
        under.transport.cancel()
        #expect(try await under.ending(of: 1) == .cancelled)
    }

    @Test func aGibibyteOfOutputIsBoundedToItsLast4KiB() async throws {
        let under = try CommandUnderTest(
            try .shell("head -c 1073741824 /dev/zero; printf '%5000d' 0; echo end"), timeout: .seconds(60))
        guard case .exited(0, let output) = try await under.deliver() else {
            Issue.record("it did not end well")
            return
        }
        #expect(output.count == 4096)
        #expect(output.suffix(5) == Array("0end\n".utf8))
        #expect(!output.contains(0))
    }

    @Test func aCommandThatDoesNotExistIsAFaultThatNamesIt() async throws {
        let under = try CommandUnderTest(try .command(["/nonexistent/notify"]))
        #expect(
            try await under.deliver()
                == .broken(reason: "the command /nonexistent/notify can't be started: No such file or directory"))
    }

    @Test func aDirectoryThatCannotBeEnteredIsAFaultThatNamesIt() async throws {
        let under = try CommandUnderTest(try .command(["true"]) { $0.directory = "/nonexistent" })
        guard case .broken(let reason, _) = try await under.deliver() else {
            Issue.record("it was run")
            return
        }
        #expect(reason.hasPrefix("the working directory /nonexistent can't be entered"))
    }

    @Test func argumentsTooLongForTheSystemAreUnfit() async throws {
        let under = try CommandUnderTest(try .command(["echo", "${a}"]))
        let ending = try await under.deliver(.of(body: "{\"a\":\"\(String(repeating: "x", count: 3 << 20))\"}"))
        #expect(ending == .unfit(reason: "echo can't be started: arguments or environment too long"))
    }

    @Test func oneThatNeverReadsItsInputIsJudgedByItsExit() async throws {
        let attempt = Attempt.of(bytes: [UInt8](repeating: 0x20, count: 1 << 20))
        #expect(try await CommandUnderTest(try .command(["true"])).deliver(attempt) == .exited(code: 0, output: []))
        #expect(
            try await CommandUnderTest(try .shell("exec <&-; sleep 0.05; exit 3")).deliver(attempt)
                == .exited(code: 3, output: []))
    }

    @Test func oneThatNeitherReadsNorEndsIsATimeout() async throws {
        let under = try CommandUnderTest(try .command(["sleep", "1000"]), timeout: .milliseconds(200))
        let attempt = Attempt.of(bytes: [UInt8](repeating: 0x20, count: 1 << 20))
        guard case .broken = try await under.deliver(attempt) else {
            Issue.record("no timeout")
            return
        }
    }

    @Test func aChildLeftBehindHoldsUpNothingAndIsAskedToEnd() async throws {
        let under = try CommandUnderTest(try .shell("sleep 1000 & echo $! > child; echo done"))
        #expect(try await under.deliver() == .exited(code: 0, output: Array("done\n".utf8)))
        try await under.waitForEnd(ofProcessIn: "child")
    }

    @Test func oneThatClosesItsOutputStillRuns() async throws {
        let under = try CommandUnderTest(try .shell("exec >&- 2>&-; cat > body; sleep 0.05; exit 4"))
        #expect(try await under.deliver() == .exited(code: 4, output: []))
        #expect(!under.directory.bytes("body").isEmpty)
    }

    @Test func noDescriptorOfTheRelayIsTheChilds() async throws {
        let held = open("/dev/null", O_RDONLY)
        defer { close(held) }
        let under = try CommandUnderTest(try .command(["ls", "/proc/self/fd"]))
        // `ls` itself has one more: the directory that it lists.
        #expect(try await under.deliver().output == "0\n1\n2\n3\n")
    }

    @Test func aChildHasNoSignalBlockedOrIgnored() async throws {
        let under = try CommandUnderTest(try .command(["cat", "/proc/self/status"]))
        let output = try #require(try await under.deliver().output)
        for name in ["SigBlk:\t", "SigIgn:\t"] {
            let mask = output.split(separator: "\n").first { $0.hasPrefix(name) }?.dropFirst(name.count) ?? ""
            // 1 to 31: those beyond are the C library's own.
            #expect(UInt64(mask, radix: 16).map { $0 & 0x7FFF_FFFF } == 0)
        }
    }

    @Test func manyRunAtOnceAndEachIsReportedOnce() async throws {
        let under = try CommandUnderTest(try .shell("cat; exit $((HOOKSWITCH_EVENT % 2))"))
        under.transport.start((1...60).map { .of(EventNumber(rawValue: $0), body: "\($0)") })
        let reports = try await under.wait(for: 60)
        for report in reports {
            let event = report.event.rawValue
            #expect(report.ending == .exited(code: Int32(event % 2), output: Array("\(event)".utf8)))
        }
    }

    @Test func whatHasEndedHoldsNoDescriptor() async throws {
        let before = descriptors
        let (well, badly) = (
            try CommandUnderTest(try .command(["true"])), try CommandUnderTest(try .command(["/nonexistent"]))
        )
        for under in [well, badly] {
            under.transport.start((1...150).map { .of(EventNumber(rawValue: $0)) })
            _ = try await under.wait(for: 150)
        }
        // Other tests run commands meanwhile: a leak would show as 300 and more.
        #expect(descriptors < before + 200)
    }

    /// How many pipes and processes the process has open.
    private var descriptors: Int {
        (0..<8192).count { descriptor in
            var target = [CChar](repeating: 0, count: 256)
            let count = readlink("/proc/self/fd/\(descriptor)", &target, 256)
            let name = String(decoding: target[..<max(count, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return name.hasPrefix("pipe:") || name == "anon_inode:[pidfd]"
        }
    }

    @Test func oneThatHangsHoldsUpNoOther() async throws {
        let under = try CommandUnderTest(try .shell("if [ $HOOKSWITCH_EVENT = 1 ]; then sleep 1000; fi"))
        under.transport.start((1...5).map { .of(EventNumber(rawValue: $0)) })
        #expect(try await under.wait(for: 4).allSatisfy { $0.event != 1 })
    }

    @Test func theRelaysOwnEndKillsWhatRuns() async throws {
        let directory: TemporaryDirectory
        let reports: Reports
        do {
            let under = try CommandUnderTest(try .shell("echo $$ > self.new; mv self.new self; sleep 1000"))
            directory = under.directory
            reports = under.reports
            under.transport.start([.of(1)])
            try await eventually("the command to begin") { directory.names().contains("self") }
        }
        #expect(try await reports.ending(of: 1) == .cancelled)
        let pid = try #require(pid_t(directory.lines("self").first ?? ""))
        try await eventually("its end") { CommandUnderTest.isGone(pid) }
    }
}
