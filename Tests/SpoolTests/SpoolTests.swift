import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Spool

struct SpoolTests {
    @Test func eventsAreHandedOutAsTheyAreCommitted() throws {
        let bench = try SpoolBench()
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

    @Test func whatWasDroppedOrMovedStaysSoWhenThePowerGoes() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        let mail = try bench.spool.queue(named: "mail")
        bench.commit((1...6).map { NewEvent("\($0)", to: crm) })
        #expect(try bench.spool.giveUp(crm, except: [1, 2, 3], telling: { _ in }).count == 3)
        try bench.crash()
        #expect(try bench.spool.move(crm, to: mail, except: [2]).count == 2)
        try bench.crash()
        #expect(bench.owed(crm) == [2])
        #expect(bench.owed(mail) == [1, 3])
        #expect(bench.spool.failed(crm, after: 0, limit: 9) == [4, 5, 6])
        #expect(try bench.spool.reopen([DeliveryID(event: 1, queue: mail)]).values.first == .wasOwed)
        #expect(try bench.spool.deliveries(of: 1).map(\.target) == ["crm", "mail"])
    }

    @Test func whatIsGivenUpIsToldOfFirstAndStaysOwedWhereThatFails() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit((1...6).map { NewEvent("\($0)", to: crm) })
        #expect(throws: SpoolError.self) {
            try bench.spool.giveUp(crm, except: []) { _ throws(SpoolError) in throw .elsewhere(reason: "no") }
        }
        #expect(bench.owed(crm) == [1, 2, 3, 4, 5, 6])
        var told: [EventNumber] = []
        let sweep = try bench.spool.giveUp(crm, except: [2]) { deliveries throws(SpoolError) in
            told += deliveries.map(\.event)
        }
        #expect(told == [1, 3, 4, 5, 6])
        #expect(sweep.count == 5)
        #expect(sweep.first == 1)
        #expect(sweep.last == 6)
        #expect(bench.spool.status().queues.first { $0.name == "crm" }?.failed == 5)
        let second = try bench.spool.giveUp(crm, except: [2], telling: { _ in })
        #expect(second == QueueSweep(), "said twice it finds nothing")
        #expect(bench.owed(crm) == [2])
    }

    @Test func anEventOwedByHandToAnotherQueueIsOwedAfterAPowerCut() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        let mail = try bench.spool.queue(named: "mail")
        bench.commit(NewEvent("a", to: crm))
        #expect(try bench.spool.reopen([DeliveryID(event: 1, queue: mail)]).values.first == .neverOwed)
        #expect(try bench.spool.owe([DeliveryID(event: 1, queue: mail)]).values.first == .reopened)
        try bench.crash()
        #expect(bench.owed(mail) == [1])
    }

    @Test func anEventOfAFinishedSegmentIsFoundAndCanBeOwedAgain() throws {
        let bench = try SpoolBench { $0.maxSizeBytes = 16 << 20 }
        let crm = try bench.spool.queue(named: "crm")
        let inbox = Inbox()
        bench.spool.attach(crm, order: .whenDue, to: inbox)
        bench.spool.request(crm, count: 1000)
        // A segment of this spool is full after a few of them.
        let body = String(repeating: "x", count: 400_000)
        var numbers: [EventNumber] = []
        while bench.disk.paths(".segment").count < 3 {
            numbers.append(EventNumber(rawValue: UInt64(numbers.count + 1)))
            bench.commit(NewEvent(body, to: crm))
        }
        _ = inbox.wait(for: numbers.count)
        for number in numbers { bench.settle(number, crm, number == 2 ? .failed : .done) }
        try bench.flush()
        #expect(try bench.spool.event(1)?.body.count == 400_000)
        #expect(try bench.spool.reopen([DeliveryID(event: 2, queue: crm)]).values.first == .reopened)
        let again = inbox.wait(for: numbers.count + 1)
        #expect(again.last?.event == 2)
        #expect(try bench.spool.read(again.last!.position).number == 2)
    }

    @Test func commitsFromManyThreadsGetNumbersOfTheirOwnAndComeInOrder() throws {
        let bench = try SpoolBench()
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
        let bench = try SpoolBench()
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
        let bench = try SpoolBench()
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
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm))
        #expect(bench.owed(crm) == [1, 2])
        try bench.crash()
        #expect(bench.owed(crm) == [1, 2])
    }

    @Test func outcomesHoldOverARestart() throws {
        let bench = try SpoolBench()
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
        let bench = try SpoolBench()
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
        let bench = try SpoolBench { $0.sync = .interval(.milliseconds(5)) }
        let crm = try bench.spool.queue(named: "crm")
        let disk = bench.disk
        let before = disk.count(.sync)
        bench.commit(NewEvent("a", to: crm))
        #expect(disk.wait { disk.count(.sync) > before })
        try bench.crash()
        #expect(bench.owed(crm) == [1])
    }

    @Test func statusTellsWhatWaitsAndSinceWhen() throws {
        let bench = try SpoolBench()
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

    @Test func reopeningAnswersForEachDelivery() throws {
        let bench = try SpoolBench()
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
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm))
        bench.settle(1, crm, .failed)
        try bench.flush()
        bench.disk.fail(.init(call: .sync, suffix: ".new", times: .max))
        bench.disk.fail(.init(call: .write, suffix: ".new", times: .max))
        #expect(throws: SpoolError.self) { try bench.spool.reopen([DeliveryID(event: 1, queue: crm)]) }
    }

    @Test func damageIsCountedSaidAndCopiedAside() throws {
        let bench = try SpoolBench()
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
        let bench = try SpoolBench()
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
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm))
        // Nothing of what was written is in memory any more.
        try bench.restart()
        let position = try #require(try Recovery(bench.segments, on: bench.disk).ledger.position(of: 1))
        bench.disk.flipBit(bench.segments + "/" + SegmentWriter.name(1), byte: Int(position.offset) + 40)
        #expect(throws: SpoolError.self) { try bench.spool.event(1) }
        #expect(bench.spool.status().corrupt == 1)
        #expect(bench.log.damages == 1)
    }

    @Test func aSecondDaemonIsRefusedAndToldWhoHasTheSpool() throws {
        let directory = try TemporaryDirectory()
        let settings = SpoolSettings(path: directory.path)
        let first = try Spool(settings, notice: { _ in })
        #expect(throws: SpoolError.locked(path: settings.path + "/lock", pid: getpid())) {
            try Spool(settings, notice: { _ in })
        }
        first.close()
    }
}
