import Foundation
import Synchronization
import Testing

@testable import Spool

struct SpoolTests {
    /// A spool on a simulated disk; only its lock is a file of the machine's.
    private final class Bench {
        let directory: TemporaryDirectory
        let clock = TestClock()
        let log = NoticeLog()
        var settings: SpoolSettings
        var disk: SimulatedDisk
        var spool: Spool!

        init(_ change: (inout SpoolSettings) -> Void = { _ in }) throws {
            directory = try TemporaryDirectory()
            settings = SpoolSettings(path: directory.path)
            change(&settings)
            disk = SimulatedDisk()
            try open()
        }

        var segments: String { settings.path + "/segments" }

        func open() throws {
            // The spool before lets go of its lock when its timers have let go of it.
            let deadline = Date(timeIntervalSinceNow: 20)
            while spool == nil {
                do throws(SpoolError) {
                    spool = try Spool(
                        settings, disk: disk, wall: { [clock] in clock.now }, notice: { [log] in log.note($0) })
                } catch {
                    guard case .locked = error, Date() < deadline else { throw error }
                    sched_yield()
                }
            }
        }

        func restart() throws {
            spool.close()
            spool = nil
            try open()
        }

        /// The power goes; what comes after is a new start.
        func crash(_ survival: SimulatedDisk.Survival = .nothing) throws {
            disk = disk.crash(survival)
            spool.close()
            spool = nil
            try open()
        }

        @discardableResult
        func commit(_ events: NewEvent...) -> CommitOutcome { commit(events) }

        @discardableResult
        func commit(_ events: [NewEvent]) -> CommitOutcome {
            let outcome = Mutex<CommitOutcome?>(nil)
            withBatch(events) { batch in spool.commit(batch) { result in outcome.withLock { $0 = result } } }
            return outcome.withLock { $0! }
        }

        func settle(_ event: EventNumber, _ queue: QueueID, _ result: Outcome.Result, attempts: UInt32 = 1) {
            spool.settle([
                Outcome(DeliveryID(event: event, queue: queue), result, progress: Progress(attempts: attempts))
            ])
        }

        /// Has everything that was settled written.
        func flush() throws { _ = try spool.reopen([]) }

        /// Everything owed to a queue now.
        func owed(_ queue: QueueID) -> [UInt64] {
            let inbox = Inbox()
            let waiting = spool.status().queues.first { $0.id == queue }?.waiting ?? 0
            spool.attach(queue, order: .byNumber, to: inbox)
            spool.request(queue, count: 100_000)
            let numbers = inbox.wait(for: waiting).map(\.event.rawValue)
            spool.detach(queue)
            return numbers
        }

        var bytesOnDisk: Int {
            (disk.paths(".segment") + disk.paths(".journal")).reduce(0) { $0 + (disk.contents($1)?.count ?? 0) }
        }
    }

    // The way through.

    @Test func eventsAreHandedOutAsTheyAreCommitted() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        let inbox = Inbox()
        bench.spool.attach(crm, order: .whenDue, to: inbox)
        bench.spool.request(crm, count: 2)
        bench.commit(NewEvent("a", to: crm), NewEvent("b"), NewEvent("c", to: crm), NewEvent("d", to: crm))
        let first = inbox.wait(for: 2)
        #expect(first.map(\.event) == [1, 3])
        #expect(try bench.spool.read(first[1].position).body == Array("c".utf8))
        bench.spool.request(crm, count: 1)
        #expect(inbox.wait(for: 3).map(\.event) == [1, 3, 4])
    }

    @Test func commitsFromManyThreadsGetNumbersOfTheirOwnAndComeInOrder() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        let inbox = Inbox()
        bench.spool.attach(crm, order: .whenDue, to: inbox)
        bench.spool.request(crm, count: 10_000)
        let spool: Spool = bench.spool
        let accepted = Mutex<[UInt64]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for round in 0..<50 {
                withBatch((0..<3).map { NewEvent("\(thread) \(round) \($0)", to: crm) }) { batch in
                    spool.commit(batch) { outcome in accepted.withLock { $0 += outcome.accepted } }
                }
            }
        }
        #expect(accepted.withLock { $0 }.sorted() == Array(1...600))
        #expect(inbox.wait(for: 600).map(\.event.rawValue) == Array(1...600))
    }

    /// The whole spool with its threads, where `CrashSimulation` drives its parts: so a seed does not repeat every step.
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func afterAnyCrashWhatWasAcknowledgedAndNotSettledIsOwed(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let bench = try Bench()
        let queues = try ["crm", "erp"].map { try bench.spool.queue(named: $0) }
        var owed: [QueueID: Set<UInt64>] = [:]
        var maybe: [QueueID: Set<UInt64>] = [:]
        for _ in 0..<6 {
            for _ in 0..<random.below(12) {
                let batch = (0...random.below(4)).map { _ in
                    var event = NewEvent(bytes: random.below(random.onceIn(8) ? 400_000 : 500))
                    event.owed = queues.filter { _ in random.onceIn(2) }
                    return event
                }
                if random.onceIn(6) { bench.disk.fail(.init(call: random.onceIn(2) ? .sync : .write)) }
                let outcome = bench.commit(batch)
                for (event, number) in zip(batch, outcome.accepted) {
                    for queue in event.owed { owed[queue, default: []].insert(number) }
                }
                let queue = queues[random.below(2)]
                for number in owed[queue, default: []].sorted().prefix(random.below(4)) {
                    bench.settle(EventNumber(rawValue: number), queue, random.onceIn(3) ? .failed : .done)
                    owed[queue]?.remove(number)
                    maybe[queue, default: []].insert(number)
                }
                if random.onceIn(4), (try? bench.flush()) != nil { maybe = [:] }
            }
            try bench.crash(.seeded)
            for queue in queues {
                let handed = Set(bench.owed(queue))
                #expect(handed.isSuperset(of: owed[queue, default: []]), "seed \(seed)")
                #expect(handed.isSubset(of: owed[queue, default: []].union(maybe[queue, default: []])), "seed \(seed)")
                owed[queue] = handed
            }
            maybe = [:]
        }
    }

    @Test func aRetryIsHandedOutWhenItsTimeHasCome() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        let inbox = Inbox()
        bench.spool.attach(crm, order: .whenDue, to: inbox)
        bench.spool.request(crm, count: 1)
        bench.commit(NewEvent("a", to: crm))
        _ = inbox.wait(for: 1)
        bench.settle(1, crm, .later(notBefore: 1_020), attempts: 3)
        bench.spool.request(crm, count: 1)
        bench.clock.now = 1_020
        #expect(inbox.wait(for: 2).last?.progress.attempts == 3)
    }

    @Test func whatWasHandedOutAndNotSettledIsOwedAfterACrash() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm))
        #expect(bench.owed(crm) == [1, 2])
        try bench.crash()
        #expect(bench.owed(crm) == [1, 2])
    }

    @Test func outcomesHoldOverARestart() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit((0..<4).map { NewEvent("\($0)", to: crm) })
        bench.settle(1, crm, .done)
        bench.settle(2, crm, .failed, attempts: 9)
        bench.settle(3, crm, .later(notBefore: 5_000), attempts: 2)
        for _ in 0..<2 {
            try bench.restart()
            let states = try (1...4).map { number in
                try bench.spool.deliveries(of: EventNumber(rawValue: UInt64(number))).map(\.state)
            }
            #expect(states == [[.done], [.failed], [.later(notBefore: 5_000)], [.waiting]])
            #expect(bench.spool.failed(crm, after: 0, limit: 10) == [2])
            #expect(try bench.spool.deliveries(of: 3).first?.progress.attempts == 2)
            #expect(bench.owed(crm) == [3, 4])
        }
    }

    @Test func outcomesAreWrittenSoonWithoutBeingAskedFor() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm))
        let before = bench.disk.count(.sync)
        bench.settle(1, crm, .done)
        let disk = bench.disk
        #expect(disk.wait { disk.count(.sync) > before })
        try bench.crash()
        #expect(bench.owed(crm) == [2])
    }

    @Test func intervalSyncMakesAppendsDurableByItself() throws {
        let bench = try Bench { $0.sync = .interval(.milliseconds(5)) }
        let crm = try bench.spool.queue(named: "crm")
        let disk = bench.disk
        let before = disk.count(.sync)
        bench.commit(NewEvent("a", to: crm))
        #expect(disk.wait { disk.count(.sync) > before })
        try bench.crash()
        #expect(bench.owed(crm) == [1])
    }

    @Test func statusTellsWhatWaitsAndSinceWhen() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        let erp = try bench.spool.queue(named: "erp")
        bench.commit(NewEvent("a", to: crm, erp, receivedAt: 10), NewEvent("b", to: crm, receivedAt: 20))
        bench.settle(1, crm, .failed)
        try bench.flush()
        let status = bench.spool.status()
        #expect(status.queues.map(\.name) == ["crm", "erp"])
        #expect(status.queues.map(\.waiting) == [1, 1])
        #expect(status.queues.map(\.failed) == [1, 0])
        #expect(status.queues.map(\.oldestReceivedAt) == [20, 10])
        #expect(status.events == 2)
        #expect(status.closed == nil)
    }

    // Reopening.

    @Test func reopeningAnswersForEachDelivery() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        let erp = try bench.spool.queue(named: "erp")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm), NewEvent("c", to: crm))
        bench.settle(1, crm, .failed)
        bench.settle(2, crm, .done)
        let ids = [(1, crm), (2, crm), (3, crm), (1, erp), (99, crm)].map {
            DeliveryID(event: EventNumber(rawValue: $0), queue: $1)
        }
        let results = try bench.spool.reopen(ids)
        #expect(ids.map { results[$0] } == [.reopened, .reopened, .wasOwed, .neverOwed, .noSuchEvent])
        try bench.crash()
        #expect(bench.owed(crm) == [1, 2, 3])
    }

    @Test func aReopeningThatCanNotBeWrittenIsAnError() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm))
        bench.settle(1, crm, .failed)
        try bench.flush()
        bench.disk.fail(.init(call: .sync, suffix: ".new", times: .max))
        bench.disk.fail(.init(call: .write, suffix: ".new", times: .max))
        #expect(throws: SpoolError.self) { try bench.spool.reopen([DeliveryID(event: 1, queue: crm)]) }
    }

    // Damage.

    @Test func damageIsCountedSaidAndCopiedAside() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm), NewEvent("c", to: crm))
        let position = try #require(try Recovery(bench.segments, on: bench.disk).ledger.position(of: 2))
        bench.spool.close()
        bench.spool = nil
        bench.disk.flipBit(bench.segments + "/" + SegmentWriter.name(1), byte: Int(position.offset) + 40)
        try bench.open()
        #expect(bench.owed(crm) == [1, 3])
        #expect(bench.spool.status().corrupt == 1)
        #expect(bench.log.damages == 1)
        #expect(bench.disk.paths("/damaged/1-\(position.offset).bytes").count == 1)
    }

    @Test func damageThatCanNotBeCopiedAsideStopsNoStart() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm))
        let position = try #require(try Recovery(bench.segments, on: bench.disk).ledger.position(of: 1))
        bench.spool.close()
        bench.spool = nil
        bench.disk.flipBit(bench.segments + "/" + SegmentWriter.name(1), byte: Int(position.offset) + 40)
        bench.disk.fail(.init(call: .write, suffix: ".bytes", times: .max, errno: ENOSPC))
        try bench.open()
        #expect(bench.owed(crm) == [2])
        #expect(bench.log.damages == 1)
    }

    @Test func aDamagedEventMetWhileReadingIsCounted() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm))
        let position = try #require(try Recovery(bench.segments, on: bench.disk).ledger.position(of: 1))
        bench.disk.flipBit(bench.segments + "/" + SegmentWriter.name(1), byte: Int(position.offset) + 40)
        #expect(throws: SpoolError.self) { try bench.spool.event(1) }
        #expect(bench.spool.status().corrupt == 1)
        #expect(bench.log.damages == 1)
    }

    // Space.

    @Test func theDoorClosesAndOpensWithOneWordEach() throws {
        let bench = try Bench()
        bench.disk.setFree(0)
        for _ in 0..<3 { #expect(bench.commit(NewEvent("a")).refusal != nil) }
        #expect(bench.log.closings == 1)
        bench.disk.setFree(1 << 40)
        #expect(bench.spool.status().closed == nil)
        #expect(bench.commit(NewEvent("a")).accepted == [1])
        #expect(bench.log.openings == 1)
    }

    @Test func aFullSpoolMakesRoomOfFinishedSegmentsAndOnlyOfThem() throws {
        let bench = try Bench { $0.maxSizeBytes = 8 << 20 }
        let crm = try bench.spool.queue(named: "crm")
        let erp = try bench.spool.queue(named: "erp")
        var count = 0
        func fill() {
            while bench.commit(NewEvent(bytes: 300_000, to: count < 3 ? erp : crm)).refusal == nil { count += 1 }
        }
        fill()
        let disk = bench.disk
        let before = disk.paths(".segment")
        #expect(bench.spool.status().closed != nil)
        for number in 1...count {
            bench.settle(EventNumber(rawValue: UInt64(number)), crm, .done)
        }
        try bench.flush()
        #expect(bench.commit(NewEvent(bytes: 300_000, to: crm)).refusal != nil)
        #expect(disk.wait { bench.commit(NewEvent("x", to: crm)).refusal == nil })
        let after = disk.paths(".segment")
        #expect(!Set(before).isSubset(of: after))
        #expect(after.contains(before[0]), "the first still owes to erp")
        #expect(after.contains(before[before.count - 2]), "no more went than was needed")
        #expect(bench.owed(erp) == [1, 2, 3])
    }

    @Test func aDiskFaultCostsNoFinishedSegment() throws {
        let bench = try Bench { $0.maxSizeBytes = 64 << 20 }
        let crm = try bench.spool.queue(named: "crm")
        for _ in 0..<4 { bench.commit(NewEvent(bytes: 5 << 20, to: crm)) }
        for number in 1...4 { bench.settle(EventNumber(rawValue: UInt64(number)), crm, .done) }
        try bench.flush()
        bench.disk.fail(.init(call: .write, suffix: ".segment", times: .max))
        #expect(bench.commit(NewEvent("a", to: crm)).refusal != nil)
        try bench.flush()
        #expect(try bench.spool.event(1)?.body.count == 5 << 20)
    }

    @Test func finishedSegmentsPastTheirTimeGoWholeAndNumbersGoOn() throws {
        let bench = try Bench {
            $0.maxSizeBytes = 16 << 20
            $0.retain = .seconds(60)
        }
        let crm = try bench.spool.queue(named: "crm")
        for _ in 0..<6 { bench.commit(NewEvent(bytes: 1_500_000, to: crm)) }
        for number in [1, 2, 4] as [UInt64] { bench.settle(EventNumber(rawValue: number), crm, .done) }
        try bench.flush()
        let disk = bench.disk
        #expect(disk.paths(".segment").count == 6)
        bench.clock.now = 62_000
        #expect(disk.wait { disk.paths(".segment").count == 3 })
        #expect(try bench.spool.event(1) == nil)
        #expect(try bench.spool.reopen([DeliveryID(event: 1, queue: crm)]).values.first == .noSuchEvent)
        #expect(try bench.spool.event(3) != nil)
        try bench.crash()
        #expect(bench.owed(crm) == [3, 5, 6])
        #expect(bench.commit(NewEvent("a", to: crm)).accepted == [7])
    }

    @Test func aRemovalWhoseDirectoryCouldNotBeSyncedDoesNotStopTheNext() throws {
        let bench = try Bench {
            $0.maxSizeBytes = 16 << 20
            $0.retain = .seconds(60)
        }
        let crm = try bench.spool.queue(named: "crm")
        for _ in 0..<4 { bench.commit(NewEvent(bytes: 1_500_000, to: crm)) }
        for number in [1, 2, 3] as [UInt64] { bench.settle(EventNumber(rawValue: number), crm, .done) }
        try bench.flush()
        let disk = bench.disk
        disk.fail(.init(call: .syncDirectory, suffix: "/segments"))
        bench.clock.now = 62_000
        #expect(disk.wait { disk.paths(".segment").count == 1 })
        try bench.flush()
        #expect(try bench.spool.event(1) == nil)
    }

    @Test func theSizeIsThatOfItsFiles() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit((0..<50).map { NewEvent("\($0)", to: crm) })
        for number in 1...50 {
            bench.settle(EventNumber(rawValue: UInt64(number)), crm, .later(notBefore: Int64(number)))
            if number % 5 == 0 { try bench.flush() }
        }
        #expect(bench.spool.status().bytes == bench.bytesOnDisk)
        try bench.restart()
        #expect(bench.spool.status().bytes == bench.bytesOnDisk)
    }

    // The journal.

    @Test func aJournalThatFailsIsReplacedOnceHoweverOftenItFailed() throws {
        let bench = try Bench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm))
        let disk = bench.disk
        disk.fail(.init(call: .write, suffix: ".new", times: 1))
        for _ in 0..<50 {
            bench.settle(1, crm, .later(notBefore: 9))
            try? bench.flush()
        }
        bench.settle(1, crm, .done)
        let before = disk.count(.rename)
        #expect(disk.wait { (try? bench.flush()) != nil && disk.count(.rename) > before })
        for _ in 0..<20 { try bench.flush() }
        #expect(disk.count(.rename) - before == 1)
        #expect(bench.spool.status().bytes == bench.bytesOnDisk)
        try bench.crash()
        #expect(bench.owed(crm) == [2])
    }

    @Test func aSmallSpoolsJournalStaysSmall() throws {
        let bench = try Bench { $0.maxSizeBytes = 8 << 20 }
        let crm = try bench.spool.queue(named: "crm")
        bench.commit((0..<1000).map { NewEvent("\($0)", to: crm) })
        let outcomes = (1...1000).map {
            Outcome(
                DeliveryID(event: EventNumber(rawValue: $0), queue: crm), .later(notBefore: 50_000),
                progress: Progress()
            )
        }
        for _ in 0..<30 {
            bench.spool.settle(outcomes)
            try bench.flush()
        }
        let disk = bench.disk
        #expect(disk.wait { (disk.paths(".journal").last.flatMap(disk.contents)?.count ?? .max) < 600_000 })
        try bench.crash()
        #expect(try bench.spool.deliveries(of: 1000).map(\.state) == [.later(notBefore: 50_000)])
    }

    // One daemon.

    @Test func aSecondDaemonIsRefusedAndToldWhoHasTheSpool() throws {
        let bench = try Bench()
        let path = bench.settings.path
        #expect(throws: SpoolError.locked(path: path + "/lock", pid: getpid())) {
            try Spool(bench.settings, disk: SimulatedDisk(), notice: { _ in })
        }
        bench.spool.close()
        bench.spool = nil
        try bench.open()
    }
}

/// A wall clock that a test sets, in milliseconds since 1970.
private final class TestClock: Sendable {
    private let time = Atomic<Int64>(1_000)

    var now: Int64 {
        get { time.load(ordering: .relaxed) }
        set { time.store(newValue, ordering: .relaxed) }
    }
}
