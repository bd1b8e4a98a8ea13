import EventJSON
import Glibc
import Spool
import Synchronization
import Testing

@testable import Delivery

struct StreamTransportTests {
    /// A stream with its loop, whose process runs in a directory of its own.
    private final class StreamUnderTest: Reporting {
        let directory = TemporaryDirectory()
        let reports = Reports()
        let transport: StreamTransport
        private let notices = Notices()
        private let loop: CommandLoop

        init(_ script: String, timeout: Duration = .seconds(30), _ change: (inout TargetSettings) -> Void = { _ in })
            throws
        {
            loop = try #require(CommandLoop.started())
            var settings = try TargetSettings.shell(script) { $0.isStream = true }
            settings.timeout = timeout
            change(&settings)
            var options = DeliveryOptions.plain(directory: directory.path)
            options.notify = { [notices] notice in notices.messages.withLock { $0.append(notice.message) } }
            transport = try #require(
                StreamTransport(settings, loop: loop, options: options, sink: reports.sink))
        }

        deinit { loop.submit(.stop) }

        /// What the log was told.
        var told: [String] { notices.messages.withLock { $0 } }

        func start(_ events: ClosedRange<UInt64>) {
            transport.start(events.map { .of(EventNumber(rawValue: $0), body: "{\"n\": \($0)}") })
        }
    }

    private final class Notices: Sendable {
        let messages = Mutex<[String]>([])
    }

    private static let echo = #"while read -r line; do echo "$line" >> lines; echo '{"ok":true}'; done"#

    @Test func oneProcessGetsALineAnEventAndAnswersEach() async throws {
        let under = try StreamUnderTest("echo $$ >> pids; " + Self.echo)
        under.start(1...200)
        under.start(201...300)
        let reports = try await under.wait(for: 300)
        #expect(reports.allSatisfy { $0.ending == .written })
        #expect(reports.map(\.event.rawValue) == Array(1...300))
        #expect(under.directory.lines("lines") == (1...300).map { "{\"n\":\($0)}" })
        #expect(under.directory.lines("pids").count == 1)
    }

    @Test func aProcessThatDiesIsStartedAgainAndOnlyTheFirstUnansweredIsToBlame() async throws {
        let under = try StreamUnderTest(
            #"while read -r line; do case "$line" in *3*) echo gone >&2; exit 9;; esac; echo '{"ok":true}'; done"#)
        under.start(1...5)
        let first = try await under.wait(for: 5)
        #expect(first[0].ending == .written)
        #expect(first[1].ending == .written)
        #expect(first[2].ending == .broken(reason: "the command ended with exit 9", output: Array("gone\n".utf8)))
        #expect(first[3].ending == .cancelled)
        #expect(first[4].ending == .cancelled)
        under.start(7...8)
        let then = try await under.wait(for: 7)
        #expect(then[5...].allSatisfy { $0.ending == .written })
    }

    @Test func anEventThatIsNotAnsweredInTimeEndsTheProcess() async throws {
        let under = try StreamUnderTest(
            "echo $$ > pid; trap '' TERM; sleep 60 & wait; sleep 60", timeout: .milliseconds(100))
        under.start(1...2)
        let reports = try await under.wait(for: 2)
        #expect(reports[0].ending.fault?.hasPrefix("timeout: no answer after 100 ms") == true)
        #expect(reports[1].ending == .cancelled)
        let pid = try #require(pid_t(under.directory.lines("pid").first ?? ""))
        #expect(kill(pid, 0) != 0)
    }

    @Test func aLineBeforeAnyEventConfirmsNoneAndEndsTheProcess() async throws {
        let under = try StreamUnderTest(
            #"echo $$ >> pids; echo '{"ok":true}'; while read -r line; do echo "$line" >> lines; sleep 60; done"#)
        under.start(1...1)
        let reports = try await under.wait(for: 1)
        let reason = "the command broke the dialogue: it wrote a line that answers no event"
        #expect(reports[0].ending == .broken(reason: reason, output: Array("{\"ok\":true}\n".utf8)))
        #expect(under.directory.lines("lines").isEmpty)
        let told = "the command broke the dialogue and is started again: it wrote a line that answers no event"
        #expect(under.told == [told])
        under.start(2...2)
        _ = try await under.wait(for: 2)
        #expect(under.directory.lines("pids").count == 2)
    }

    @Test func aSecondAnswerConfirmsNoLaterEventAndEndsTheProcess() async throws {
        let under = try StreamUnderTest(
            #"""
            echo $$ >> pids; read -r line; echo "$line" >> lines; printf '{"ok":true}\n{"ok":true}\n'; sleep 60
            """#)
        under.start(1...1)
        try await eventually("the fault") { under.told.count == 1 }
        under.start(2...2)
        let reports = try await under.wait(for: 2)
        #expect(reports.allSatisfy { $0.ending == .written })
        let lines = under.directory.lines("lines")
        #expect(lines == ["{\"n\":1}", "{\"n\":2}"], "each was answered by a process that had it")
        #expect(under.directory.lines("pids").count == 2)
    }

    @Test func aLineWhileNothingIsAskedEndsTheProcess() async throws {
        let under = try StreamUnderTest(
            #"""
            echo $$ >> pids; read -r line; echo '{"ok":true}'; while [ ! -e go ]; do sleep 0.01; done
            echo '{"ok":true}'; exec sleep 60
            """#)
        under.start(1...1)
        #expect(try await under.wait(for: 1)[0].ending == .written)
        under.directory.write("go", "")
        try await eventually("the fault") { under.told.count == 1 }
        under.start(2...2)
        #expect(try await under.wait(for: 2)[1].ending == .written)
        #expect(under.directory.lines("pids").count == 2)
    }

    @Test func aProgramThatIsNotThereIsAFaultOfEach() async throws {
        let program = try Template(parsing: "/nowhere/at/all")
        let under = try StreamUnderTest("x") {
            guard case .command(var command) = $0.kind else { return }
            command.form = .argv([program])
            $0.kind = .command(command)
        }
        under.start(1...3)
        let reports = try await under.wait(for: 3)
        #expect(reports.allSatisfy { $0.ending.fault?.contains("/nowhere/at/all can't be started") == true })
    }

    @Test func aProcessThatReadsNothingAndAProcessThatBabblesAreBounded() async throws {
        let deaf = try StreamUnderTest("sleep 60", timeout: .milliseconds(200))
        deaf.transport.start(
            (1...100).map { .of(EventNumber(rawValue: $0), body: "{\"x\":\"\(String(repeating: "y", count: 4000))\"}") }
        )
        let ended = try await deaf.reports.wait(for: 1)
        #expect(ended[0].ending.fault?.hasPrefix("timeout") == true)
        let babbling = try StreamUnderTest("yes '{\"ok\":true}'")
        babbling.start(1...1)
        _ = try await babbling.reports.wait(for: 1)
    }

    @Test func retiredItGetsItsEndOfInputAndEnds() async throws {
        let under = try StreamUnderTest("echo $$ > pid; " + Self.echo + "; echo bye > bye")
        under.start(1...1)
        _ = try await under.wait(for: 1)
        under.transport.retire()
        try await eventually("its end") { under.directory.lines("bye") == ["bye"] }
    }

    @Test func newSettingsAreTakenUpByANewProcessWhenAllIsAnswered() async throws {
        let under = try StreamUnderTest(Self.echo)
        under.start(1...10)
        _ = try await under.wait(for: 10)
        var settings = try TargetSettings.shell(Self.echo.replacing("lines", with: "others")) { $0.isStream = true }
        settings.timeout = .seconds(30)
        under.transport.update(settings)
        under.start(11...20)
        let reports = try await under.wait(for: 20)
        #expect(reports.allSatisfy { $0.ending == .written })
        #expect(under.directory.lines("lines").count == 10)
        #expect(under.directory.lines("others").count == 10)
    }

    @Test func stoppedNothingCountsAsTried() async throws {
        let under = try StreamUnderTest("sleep 60")
        under.start(1...3)
        under.transport.cancel()
        let reports = try await under.wait(for: 3)
        #expect(reports.allSatisfy { $0.ending == .cancelled })
    }
}
