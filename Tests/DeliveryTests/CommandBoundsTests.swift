import Glibc
import Spool
import Testing

@testable import Delivery

/// Users, limits, descriptors, and that nothing is left behind.
struct CommandBoundsTests {
    private func run(
        _ script: String, in directory: TemporaryDirectory = TemporaryDirectory(),
        _ change: (inout CommandTargetSettings) -> Void = { _ in }
    ) async throws -> AttemptEnding {
        let reports = Reports()
        let loop = try #require(CommandLoop.started())
        defer { loop.submit(.stop) }
        var settings = try TargetSettings.shell(script, change)
        settings.timeout = .seconds(30)
        let transport = try #require(
            CommandTransport(settings, loop: loop, options: .plain(directory: directory.path), sink: reports.sink))
        transport.start([.of()])
        return try await reports.ending(of: 1042)
    }

    @Test(.enabled(if: geteuid() == 0)) func itRunsAsAnotherUserInThatUsersGroupAlone() async throws {
        let nobody = try #require(CommandUser(named: "nobody"))
        let ending = try await run("echo $(id -un) $(id -G) $HOME $USER; cat > /dev/null") {
            $0.directory = "/"
            $0.user = nobody
        }
        #expect(ending == .exited(code: 0, output: Array("nobody \(nobody.group) \(nobody.home) nobody\n".utf8)))
    }

    @Test(.enabled(if: geteuid() != 0)) func whoIsNotRootCannotBecomeAnother() async throws {
        let ending = try await run("true") { $0.user = CommandUser(named: "root") }
        #expect(ending.fault?.contains("can't become the user root") == true)
    }

    @Test func processorTimeMemoryAndFilesAreLimited() async throws {
        let cpu = try await run("while :; do :; done") { $0.limits.cpuSeconds = 1 }
        #expect(cpu.fault?.hasPrefix("killed by signal") == true)
        let files = try await run("ulimit -n; ulimit -v") {
            $0.limits.files = 20
            $0.limits.memoryBytes = 512 << 20
        }
        #expect(files == .exited(code: 0, output: Array("20\n524288\n".utf8)))
    }

    @Test func noDescriptorButThreeIsThere() async throws {
        let held = open("/dev/null", O_RDONLY)
        defer { close(held) }
        let ending = try await run("ls /proc/self/fd | tr '\\n' ' '")
        // The fourth is ls's own, on the directory.
        #expect(ending == .exited(code: 0, output: Array("0 1 2 3 ".utf8)))
    }

    @Test func signalsAreAtTheirDefaults() async throws {
        let ending = try await run("grep -E 'SigBlk|SigIgn' /proc/self/status | awk '{print $2}' | tr '\\n' ' '")
        #expect(ending == .exited(code: 0, output: Array("0000000000000000 0000000000000000 ".utf8)))
    }

    @Test func thousandsOfCommandsLeaveNothingBehind() async throws {
        func descriptors() -> Int {
            guard let listing = opendir("/proc/self/fd") else { return 0 }
            defer { closedir(listing) }
            var count = 0
            while readdir(listing) != nil { count += 1 }
            return count
        }
        let reports = Reports()
        let loop = try #require(CommandLoop.started())
        defer { loop.submit(.stop) }
        let transport = try #require(
            CommandTransport(try .command(["/bin/true"]), loop: loop, options: .plain(), sink: reports.sink))
        let count = HookswitchTests.isQuick ? 500 : 10_000
        var before = 0
        for start in stride(from: 0, to: count, by: 50) {
            transport.start((1...50).map { .of(EventNumber(rawValue: UInt64(start + $0))) })
            _ = try await reports.wait(for: start + 50)
            if start == 0 { before = descriptors() }
        }
        #expect(reports.all.allSatisfy { $0.ending == .exited(code: 0, output: []) })
        // Other tests open and close theirs meanwhile: what would leak would be thousands.
        #expect(descriptors() < before + 200)
    }
}

/// How much the tests are asked to do.
enum HookswitchTests {
    /// Whether they are to be over soon.
    static var isQuick: Bool { getenv("HOOKSWITCH_TESTS") == nil }
}
