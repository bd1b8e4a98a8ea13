import EventJSON
import Foundation
import Spool
import Synchronization
import Testing

@testable import Delivery

struct DeliveryEngineTests {
    /// An engine on a log in memory, with its records in a directory and an endpoint to deliver to.
    private final class EngineUnderTest: Sendable {
        let directory = TemporaryDirectory()
        let log: MemoryLog
        let endpoint: HTTPEndpoint
        let engine: DeliveryEngine
        let reporter: Reporter
        let notices = Mutex<[DeliveryNotice]>([])
        let failures = Mutex<[AttemptRecord]>([])

        init(
            _ react: @escaping @Sendable (HTTPEndpoint.Request, Int) -> HTTPEndpoint.Reaction = { _, _ in .answer(200)
            },
            onSettle: @escaping @Sendable (Outcome, TemporaryDirectory) -> Void = { _, _ in }
        ) throws {
            log = MemoryLog { [directory] in onSettle($0, directory) }
            endpoint = HTTPEndpoint(react)
            reporter = Reporter(directory: directory.path)
            let heard = Heard()
            var options = DeliveryOptions.plain(directory: directory.path)
            options.notify = { notice in heard.owner?.notices.withLock { $0.append(notice) } }
            options.failed = { records, done in
                heard.owner?.failures.withLock { $0 += records }
                done(true)
            }
            engine = try DeliveryEngine(log: log, reporter: reporter, options: options)
            heard.set(self)
        }

        deinit {
            endpoint.close()
            Thread.detachNewThread { [engine, directory] in
                engine.stop(grace: .zero)
                withExtendedLifetime(directory) {}
            }
        }

        /// An HTTP target at a path of the endpoint, that tries again soon.
        func target(
            _ path: String = "/crm", queue: UInt16 = 1, _ change: (inout TargetSettings) -> Void = { _ in }
        ) throws -> TargetSettings {
            var settings = try TargetSettings.http(
                endpoint.url(path), name: String(path.dropFirst()), queue: queue)
            settings.retry.schedule = .exponential(first: .milliseconds(5), factor: 1, max: .milliseconds(5))
            // Longer than a test waits for anything: an attempt that times out is made again, and counts would be off.
            settings.timeout = .seconds(600)
            change(&settings)
            return settings
        }

        /// Stops the engine on a thread of its own, as the daemon does.
        func stop(grace: Duration) async {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread { [engine] in
                    engine.stop(grace: grace)
                    continuation.resume()
                }
            }
        }

        /// How a target stands.
        func status(_ name: String = "crm") -> TargetStatus? { engine.status().first { $0.name == name } }

        /// Paths of the requests so far.
        func requests(_ path: String) -> [HTTPEndpoint.Request] {
            endpoint.requests.filter { $0.line == "POST \(path) HTTP/1.1" }
        }
    }

    /// Whom notices are for: known only once the engine is made.
    private final class Heard: Sendable {
        private struct Weak: Sendable {
            weak var owner: EngineUnderTest?
        }
        private let held = Mutex(Weak())
        var owner: EngineUnderTest? { held.withLock { $0.owner } }
        func set(_ owner: EngineUnderTest) { held.withLock { $0.owner = owner } }
    }

    /// A gate that requests wait at until the test lets them through.
    private final class Gate: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        func wait() { _ = semaphore.wait(timeout: .now() + .seconds(600)) }
        func letThrough(_ count: Int) { for _ in 0..<count { semaphore.signal() } }
    }

    @Test func whatTheLogOwesIsDeliveredAndSettled() async throws {
        let under = try EngineUnderTest()
        let events = (1...100).map { under.log.add("{\"n\":\($0)}", to: 1) }
        under.engine.apply([try under.target()])
        try await eventually("all outcomes") { under.log.outcomes.count == 100 }
        #expect(Set(under.log.events(.done)) == Set(events))
        #expect(Set(under.endpoint.requests.map { String(decoding: $0.body, as: UTF8.self) }).count == 100)
        try await eventually("the count") { under.status()?.succeeded == 100 }
    }

    @Test func aFailedAttemptIsMadeAgainUnderTheSameWebhookID() async throws {
        let under = try EngineUnderTest { _, before in .answer(before < 2 ? 500 : 200) }
        under.log.add(to: 1)
        under.engine.apply([try under.target()])
        try await eventually("delivery") { under.log.events(.done) == [1] }
        #expect(under.endpoint.requests.map { $0["webhook-id"] } == ["msg_1", "msg_1", "msg_1"])
        #expect(under.endpoint.requests.map { $0["webhook-attempt"] } == ["1", "2", "3"])
        #expect(under.log.outcomes.map(\.progress.attempts) == [1, 2, 3])
        under.reporter.flush()
        let statuses = under.directory.lines("audit.ndjson").map { $0.prefix { $0 != "," } }
        #expect(statuses == [#"{"status":"RETRYING""#, #"{"status":"RETRYING""#, #"{"status":"SUCCEEDED""#])
    }

    @Test func aTargetThatHangsHoldsUpNoOther() async throws {
        let under = try EngineUnderTest { request, _ in request.line.contains("/slow") ? .hang : .answer(200) }
        under.engine.apply([try under.target("/slow", queue: 1), try under.target("/fast", queue: 2)])
        for _ in 1...50 { under.log.add(to: 1, 2) }
        try await eventually("the fast ones") { under.log.events(.done, 2).count == 50 }
        #expect(under.log.events(.done, 1) == [])
        try await eventually("the slow ones to be under way") { under.status("slow")?.inFlight == 16 }
    }

    @Test func ofAHundredTargetsOneThatHangsHoldsUpNone() async throws {
        let under = try EngineUnderTest { request, _ in request.line.contains("/t1 ") ? .hang : .answer(200) }
        under.engine.apply(try (1...100).map { try under.target("/t\($0)", queue: $0) })
        for queue in 1...100 { under.log.add(to: UInt16(queue)) }
        try await eventually("all but one") { under.log.outcomes.count == 99 }
        #expect(under.log.owed(1).count == 1)
    }

    @Test func noMoreAreUnderWayThanConcurrencyAllows() async throws {
        let gate = Gate()
        let under = try EngineUnderTest { _, _ in
            gate.wait()
            return .answer(200)
        }
        under.engine.apply([try under.target { $0.concurrency = 3 }])
        for _ in 1...12 { under.log.add(to: 1) }
        for done in 0..<9 {
            try await eventually("three under way") {
                under.endpoint.requests.count == 3 + done && under.status()?.inFlight == 3
            }
            gate.letThrough(1)
            try await eventually("one to end") { under.log.outcomes.count == done + 1 }
        }
        gate.letThrough(3)
        try await eventually("all") { under.log.events(.done).count == 12 }
    }

    @Test func aPausedTargetWaitsAndGoesOn() async throws {
        let under = try EngineUnderTest()
        under.engine.apply([try under.target("/a", queue: 1) { $0.paused = true }, try under.target("/b", queue: 2)])
        for _ in 1...5 { under.log.add(to: 1, 2) }
        try await eventually("the other target") { under.log.events(.done, 2).count == 5 }
        #expect(under.status("a")?.paused == true)
        #expect(under.requests("/a").isEmpty)
        #expect(under.engine.setPaused("a", false))
        try await eventually("the paused one") { under.log.events(.done, 1).count == 5 }
        #expect(under.engine.setPaused("a", true))
        try await eventually("the pause") { under.status("a")?.paused == true }
        for _ in 1...5 { under.log.add(to: 1, 2) }
        try await eventually("the other target") { under.log.events(.done, 2).count == 10 }
        #expect(under.requests("/a").count == 5)
        #expect(!under.engine.setPaused("nobody", true))
    }

    @Test func stoppingLetsWhatIsUnderWayEndAndHandsBackTheRest() async throws {
        let gate = Gate()
        let under = try EngineUnderTest { _, _ in
            gate.wait()
            return .answer(200)
        }
        under.engine.apply([try under.target { $0.concurrency = 1 }])
        for _ in 1...3 { under.log.add(to: 1) }
        try await eventually("the first to be under way") { under.endpoint.requests.count == 1 }
        async let stopped: Void = under.stop(grace: .seconds(600))
        try await eventually("the rest to be handed back") { Set(under.log.events(.untried)) == [2, 3] }
        gate.letThrough(3)
        await stopped
        #expect(under.log.events(.done) == [1])
        #expect(under.endpoint.requests.count == 1)
        #expect(under.log.owed(1) == [2, 3])
        #expect(!under.log.isAttached(1))
    }

    @Test func afterTheGraceWhatHangsIsHandedBackUntried() async throws {
        let under = try EngineUnderTest { _, _ in .hang }
        under.engine.apply([try under.target { $0.concurrency = 2 }])
        for _ in 1...3 { under.log.add(to: 1) }
        try await eventually("two under way") { under.endpoint.requests.count == 2 }
        await under.stop(grace: .milliseconds(20))
        #expect(Set(under.log.events(.untried)).isSuperset(of: [1, 2]))
        #expect(under.log.owed(1) == [1, 2, 3])
        #expect(under.log.outcomes.allSatisfy { $0.progress == Progress() })
    }

    @Test func aBatchThatIsGatheredGoesAtOnceWhenTheRelayStops() async throws {
        let under = try EngineUnderTest()
        under.engine.apply([
            try under.target {
                var batch = BatchSettings()
                batch.linger = .seconds(600)
                $0.batch = batch
            }
        ])
        for _ in 1...3 { under.log.add(to: 1) }
        try await eventually("three are gathered") { under.status()?.inFlight == 3 }
        await under.stop(grace: .seconds(60))
        #expect(under.endpoint.requests.count == 1)
        #expect(under.log.events(.done).count == 3)
    }

    @Test func anAttemptThatTheStopCutOffIsALineOfTheAuditFileAndDoesNotCount() async throws {
        let under = try EngineUnderTest { _, before in before == 0 ? .answer(500) : .hang }
        under.engine.apply([try under.target { $0.order = EventPath("customer") }])
        under.log.add(to: 1)
        try await eventually("the second attempt") { under.endpoint.requests.count == 2 }
        await under.stop(grace: .zero)
        let lines = under.directory.lines("audit.ndjson")
        #expect(lines.count == 2)
        let line = try JSONDocument(Array((lines.last ?? "").utf8)).root
        #expect(line[key: "status"]?.string == "RETRYING")
        #expect(line[key: "error"]?.string == "cut off by the stop")
        #expect(line[key: "attempt"]?.integer == 2)
        #expect(line[key: "next_attempt_at"]?.string != nil)
        #expect(under.log.outcomes.last?.progress.attempts == 1)
    }

    @Test func nothingStartsAfterAStop() async throws {
        let under = try EngineUnderTest()
        under.engine.apply([try under.target()])
        await under.stop(grace: .seconds(5))
        under.log.add(to: 1)
        under.engine.apply([try under.target()])
        #expect(!under.log.isAttached(1))
        #expect(under.endpoint.requests.isEmpty)
    }

    @Test func aFailuresLineIsDurableBeforeItsOutcomeIsSettled() async throws {
        let linesAtSettling = Mutex<[String]>([])
        let under = try EngineUnderTest {
            _, _ in
            .answer(410, body: "gone")
        } onSettle: { outcome, directory in
            guard outcome.result == .failed else { return }
            linesAtSettling.withLock { $0 = directory.lines("failures.ndjson") }
        }
        under.engine.apply([try under.target()])
        under.log.add(to: 1)
        try await eventually("the failure") { under.log.events(.failed) == [1] }
        #expect(linesAtSettling.withLock { $0.count } == 1)
        #expect(linesAtSettling.withLock { $0.first?.hasPrefix(#"{"status":"FAILED""#) } == true)
        #expect(linesAtSettling.withLock { $0.first?.hasSuffix(#""retry":"hookswitch retry 1/crm"}"#) } == true)
        try await eventually("the callback") { under.failures.withLock { $0.count == 1 } }
        #expect(under.failures.withLock { $0.first?.event } == 1)
    }

    @Test func anAttemptsLineIsHandedOverBeforeItsOutcomeIsSettled() async throws {
        let linesAtSettling = Mutex<[String]>([])
        let reporter = Mutex<Reporter?>(nil)
        let under = try EngineUnderTest(onSettle: { outcome, directory in
            guard outcome.result == .done else { return }
            // What a log does before it makes an outcome durable.
            reporter.withLock { $0 }?.flush()
            linesAtSettling.withLock { $0 = directory.lines("audit.ndjson") }
        })
        reporter.withLock { $0 = under.reporter }
        under.engine.apply([try under.target()])
        under.log.add(to: 1)
        try await eventually("the delivery") { under.log.events(.done) == [1] }
        #expect(linesAtSettling.withLock { $0.count } == 1)
        #expect(linesAtSettling.withLock { $0.first?.hasPrefix(#"{"status":"SUCCEEDED""#) } == true)
    }

    @Test func aFailureWhoseLineCannotBeWrittenIsNotGivenUp() async throws {
        let under = try EngineUnderTest { _, _ in .answer(410) }
        try FileManager.default.createDirectory(
            atPath: "\(under.directory.path)/failures.ndjson", withIntermediateDirectories: false)
        under.engine.apply([try under.target()])
        under.log.add(to: 1)
        try await eventually("an outcome") { !under.log.outcomes.isEmpty }
        guard case .later = under.log.outcomes.first?.result else {
            Issue.record("it was settled without a line")
            return
        }
        #expect(under.failures.withLock { $0.isEmpty })
        #expect(under.log.owed(1) == [1])
    }

    @Test func withAnOrderAFailureWithoutALineIsGivenBackToTheLogAndNotForgotten() async throws {
        let under = try EngineUnderTest { _, _ in .answer(410) }
        try FileManager.default.createDirectory(
            atPath: "\(under.directory.path)/failures.ndjson", withIntermediateDirectories: false)
        under.engine.apply([try under.target { $0.order = EventPath("customer") }])
        under.log.add(to: 1)
        try await eventually("its way back") { under.log.events(.untried).first == 1 }
        guard case .later = under.log.outcomes.first?.result else {
            Issue.record("its progress is lost")
            return
        }
        #expect(under.log.owed(1) == [1])
    }

    @Test func retriesSpentAreAFailure() async throws {
        let under = try EngineUnderTest { _, _ in .answer(500, body: "oh") }
        under.engine.apply([
            try under.target {
                $0.retry.attempts = 3
                $0.breaker.after = 0
            }
        ])
        under.log.add(to: 1)
        try await eventually("the failure") { under.log.events(.failed) == [1] }
        #expect(under.endpoint.requests.count == 3)
        #expect(under.failures.withLock { $0.first?.attempt } == 3)
    }

    @Test func aDamagedRecordIsAFailureAndHoldsUpNothing() async throws {
        let under = try EngineUnderTest()
        under.log.add(to: 1, damaged: .damaged(segment: 1, offset: 64, reason: "checksum"))
        under.log.add(to: 1)
        under.engine.apply([try under.target()])
        try await eventually("both outcomes") { under.log.outcomes.count == 2 }
        #expect(under.log.events(.failed) == [1])
        #expect(under.log.events(.done) == [2])
        #expect(under.directory.lines("failures.ndjson").first?.contains("damaged (segment 1, byte 64)") == true)
    }

    @Test func aBreakerThatOpensAndClosesIsAnnouncedOnceEach() async throws {
        let up = Flag()
        let under = try EngineUnderTest { _, _ in .answer(up.isSet ? 200 : 500) }
        under.engine.apply([
            try under.target {
                $0.breaker.after = 3
                $0.breaker.probe = .milliseconds(30)
                $0.retry.attempts = 4
            }
        ])
        for _ in 1...30 { under.log.add(to: 1) }
        try await eventually("the breaker to open") { under.status()?.breaker != .closed }
        try await eventually("some probes") { under.endpoint.requests.count > 22 }
        up.set()
        try await eventually("all") { under.log.events(.done).count == 30 }
        #expect(under.log.events(.failed) == [])
        let messages = under.notices.withLock { $0.map(\.message) }
        #expect(messages == ["breaker open, the queue waits: HTTP 500", "breaker closed, the queue goes on"])
        #expect(under.status()?.breakerOpenings == 1)
    }

    /// Something that happened.
    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }
        func set() { value.store(true, ordering: .sequentiallyConsistent) }
    }

    @Test func aBreakerThatWasOpenBeforeARestartSendsAProbeFirst() async throws {
        let gate = Gate()
        let under = try EngineUnderTest { _, _ in
            gate.wait()
            return .answer(200)
        }
        var memory = TargetMemory()
        memory.isBreakerOpen = true
        under.engine.apply([try under.target()], remembering: ["crm": memory])
        try await eventually("the breaker") { under.status()?.breaker == .open }
        for _ in 1...5 { under.log.add(to: 1) }
        try await eventually("the probe") { under.endpoint.requests.count == 1 && under.status()?.inFlight == 1 }
        gate.letThrough(5)
        try await eventually("all") { under.log.events(.done).count == 5 }
    }

    @Test func eventsWithTheSameKeyArriveInTheirOrderWhateverFails() async throws {
        let under = try EngineUnderTest { _, before in .answer(before % 3 == 0 ? 503 : 200) }
        under.engine.apply([
            try under.target {
                $0.order = EventPath("customer")
                $0.breaker.after = 0
            }
        ])
        for n in 1...40 { under.log.add("{\"customer\":\(n % 4),\"n\":\(n)}", to: 1) }
        try await eventually("all") { under.log.events(.done).count == 40 }
        let done = under.log.events(.done)
        for key in 0..<4 {
            let ofKey = done.filter { $0.rawValue % 4 == UInt64(key) }
            #expect(ofKey == ofKey.sorted())
        }
    }

    @Test func newSettingsHoldWithoutLosingWhatIsInHand() async throws {
        let under = try EngineUnderTest()
        under.engine.apply([try under.target { $0.paused = true }])
        for _ in 1...5 { under.log.add(to: 1) }
        var moved = try under.target("/new")
        moved.name = "crm"
        under.engine.apply([moved])
        try await eventually("all") { under.log.events(.done).count == 5 }
        #expect(under.requests("/new").count == 5)
    }

    @Test func aTargetThatIsTakenOutGivesBackWhatItHas() async throws {
        let under = try EngineUnderTest()
        under.engine.apply([try under.target { $0.paused = true }])
        for _ in 1...5 { under.log.add(to: 1) }
        try await eventually("the target to begin") { under.log.isAttached(1) }
        under.engine.apply([])
        try await eventually("its end") { !under.log.isAttached(1) }
        #expect(under.log.owed(1).count == 5)
        #expect(under.engine.status().isEmpty)
        under.engine.apply([try under.target()])
        try await eventually("all") { under.log.events(.done).count == 5 }
    }

    @Test func aTargetThatComesBackWhileItsOldAttemptIsUnderWayGoesOn() async throws {
        let gate = Gate()
        let under = try EngineUnderTest { _, before in
            if before == 0 { gate.wait() }
            return .answer(200)
        }
        under.engine.apply([try under.target()])
        under.log.add(to: 1)
        try await eventually("the attempt") { under.endpoint.requests.count == 1 }
        under.engine.apply([])
        under.engine.apply([try under.target()])
        under.log.add(to: 1)
        gate.letThrough(1)
        try await eventually("both") { Set(under.log.events(.done)) == [1, 2] }
        #expect(under.endpoint.requests.count == 2)
    }

    @Test func aTargetThatChangesItsKindTwiceWhileAnAttemptIsUnderWayGoesOn() async throws {
        let gate = Gate()
        let under = try EngineUnderTest { _, before in
            if before == 0 { gate.wait() }
            return .answer(200)
        }
        under.engine.apply([try under.target()])
        under.log.add(to: 1)
        try await eventually("the attempt") { under.endpoint.requests.count == 1 }
        under.engine.apply([try .file("\(under.directory.path)/crm.ndjson", name: "crm")])
        under.engine.apply([try under.target()])
        under.log.add(to: 1)
        gate.letThrough(1)
        try await eventually("both") { Set(under.log.events(.done)) == [1, 2] }
        #expect(under.endpoint.requests.count == 2)
    }

    @Test func settingsThatChangeBeforeATargetsTurnHasComeCostItNothing() async throws {
        let gate = Gate()
        let under = try EngineUnderTest { _, before in
            if before == 0 { gate.wait() }
            return .answer(200)
        }
        under.engine.apply([try under.target()])
        under.log.add(to: 1)
        try await eventually("the attempt") { under.endpoint.requests.count == 1 }
        under.engine.apply([try under.target { $0.order = EventPath("customer") }])
        under.engine.apply([
            try under.target {
                $0.order = EventPath("customer")
                $0.concurrency = 2
            }
        ])
        gate.letThrough(1)
        for _ in 1...5 { under.log.add(to: 1) }
        try await eventually("all") { under.log.events(.done).count == 6 }
    }

    @Test func stoppingWaitsForTheAttemptsOfTargetsThatWereTakenOut() async throws {
        let gate = Gate()
        let under = try EngineUnderTest { _, _ in
            gate.wait()
            return .answer(200)
        }
        under.engine.apply([try under.target("/gone", queue: 1), try under.target("/kept", queue: 2)])
        under.log.add(to: 1)
        try await eventually("the attempt") { under.endpoint.requests.count == 1 }
        under.engine.apply([try under.target("/kept", queue: 2)])
        async let stopped: Void = under.stop(grace: .seconds(600))
        try await eventually("the stop") { !under.log.isAttached(2) }
        gate.letThrough(1)
        await stopped
        #expect(under.log.events(.done, 1) == [1])
    }

    @Test func filesAndCommandsAreTargetsToo() async throws {
        let under = try EngineUnderTest()
        under.engine.apply([
            try .file("\(under.directory.path)/archive.ndjson", name: "archive", queue: 1),
            try .shell(#"printf '%s\n' "$(cat)" >> mails"#, name: "mail", queue: 2),
        ])
        for n in 1...20 { under.log.add("{\"n\":\(n)}", to: 1, 2) }
        try await eventually("all") { under.log.outcomes.count == 40 }
        #expect(under.directory.lines("archive.ndjson") == (1...20).map { "{\"n\":\($0)}" })
        #expect(Set(under.directory.lines("mails")).count == 20)
    }

    @Test func reopenedFilesAreBegunAnew() async throws {
        let under = try EngineUnderTest()
        under.engine.apply([try .file("\(under.directory.path)/archive.ndjson", name: "archive")])
        under.log.add("1", to: 1)
        try await eventually("the first") { under.log.events(.done).count == 1 }
        under.engine.reopenFiles()
        under.log.add("2", to: 1)
        try await eventually("the second") { under.log.events(.done).count == 2 }
        #expect(under.directory.lines("archive.ndjson") == ["1", "2"])
    }

    @Test func aDeliveryInHandCanBeHurried() async throws {
        let under = try EngineUnderTest { _, before in .answer(before == 0 ? 500 : 200) }
        under.engine.apply([
            try under.target {
                $0.order = EventPath("customer")
                $0.retry.schedule = .exponential(first: .seconds(3600), factor: 1, max: .seconds(3600))
            }
        ])
        under.log.add(to: 1)
        try await eventually("the first attempt") { under.status()?.retried == 1 }
        under.engine.hurry([DeliveryID(event: 1, queue: QueueID(rawValue: 1))])
        try await eventually("the second") { under.log.events(.done) == [1] }
    }
}
