import Dispatch
import Synchronization
import Testing

@testable import Spool

struct CommitterTests {
    @Test func batchesOfManyThreadsAreAnsweredEachWithItsOwnEvents() throws {
        let bench = try SpoolBench { $0.commit = .byThread }
        let crm = try bench.spool.queue(named: "crm")
        let inbox = Inbox()
        bench.spool.attach(crm, order: .whenDue, to: inbox)
        bench.spool.request(crm, count: 10_000)
        let spool: Spool = bench.spool
        let accepted = Mutex<[[UInt64]]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for round in 0..<50 {
                withBatch((0..<3).map { NewEvent("\(thread) \(round) \($0)", to: crm) }) { batch in
                    let isDone = DispatchSemaphore(value: 0)
                    spool.commit(batch) { outcome in
                        accepted.withLock { $0.append(outcome.accepted) }
                        isDone.signal()
                    }
                    // The bodies are borrowed until then.
                    isDone.wait()
                }
            }
        }
        let numbers = accepted.withLock { $0 }
        #expect(numbers.allSatisfy { $0.count == 3 && $0[1] == $0[0] + 1 && $0[2] == $0[0] + 2 })
        #expect(numbers.joined().sorted() == Array(1...600))
        #expect(inbox.wait(for: 600).map(\.event.rawValue) == Array(1...600))
        let body = try bench.spool.event(EventNumber(rawValue: 600))?.body
        #expect(body?.isEmpty == false)
    }

    @Test(arguments: [1, 9])
    func whoeverIsToldOfEventsFindsThemAmongWhatWaits(count: Int) throws {
        let bench = try SpoolBench { $0.commit = .byThread }
        let crm = try bench.spool.queue(named: "crm")
        let spool: Spool = bench.spool
        let waiting = Mutex<Int?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        withBatch((0..<count).map { NewEvent("\($0)", to: crm) }) { batch in
            spool.commit(batch) { _ in
                waiting.withLock { $0 = spool.status().queues.first { $0.id == crm }?.waiting }
                isDone.signal()
            }
            isDone.wait()
        }
        #expect(waiting.withLock { $0 } == count)
    }

    @Test func whatWaitsWhenTheSpoolIsClosedIsCommittedFirst() throws {
        let bench = try SpoolBench { $0.commit = .byThread }
        let crm = try bench.spool.queue(named: "crm")
        let outcomes = Mutex(0)
        withBatch([NewEvent("a", to: crm)]) { batch in
            for _ in 0..<20 { bench.spool.commit(batch) { _ in outcomes.withLock { $0 += 1 } } }
            bench.spool.close()
        }
        #expect(outcomes.withLock { $0 } == 20)
        bench.spool = nil
        try bench.open()
        #expect(bench.owed(crm) == Array(1...20))
    }

    @Test func aRefusalIsToldToAllWhoWait() throws {
        let bench = try SpoolBench {
            $0.commit = .byThread
            $0.minFreeBytes = .max / 2
        }
        let crm = try bench.spool.queue(named: "crm")
        let refused = Mutex(0)
        withBatch([NewEvent("a", to: crm)]) { batch in
            for _ in 0..<5 {
                bench.spool.commit(batch) { if case .refused = $0 { refused.withLock { $0 += 1 } } }
            }
            bench.spool.close()
        }
        #expect(refused.withLock { $0 } == 5)
    }
}
