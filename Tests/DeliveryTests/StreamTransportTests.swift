import EventJSON
import Glibc
import Spool
import Testing

@testable import Delivery

struct StreamTransportTests {
    /// A stream with its loop, whose process runs in a directory of its own.
    private final class StreamUnderTest: Reporting {
        let directory = TemporaryDirectory()
        let reports = Reports()
        let transport: StreamTransport
        private let loop: CommandLoop

        init(_ script: String, timeout: Duration = .seconds(30), _ change: (inout TargetSettings) -> Void = { _ in })
            throws
        {
            loop = try #require(CommandLoop.started())
            var settings = try TargetSettings.shell(script) { $0.isStream = true }
            settings.timeout = timeout
            change(&settings)
            transport = try #require(
                StreamTransport(
                    settings, loop: loop, options: .plain(directory: directory.path), sink: reports.sink))
        }

        deinit { loop.submit(.stop) }

        func start(_ events: ClosedRange<UInt64>) {
            transport.start(events.map { .of(EventNumber(rawValue: $0), body: "{\"n\": \($0)}") })
        }
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
