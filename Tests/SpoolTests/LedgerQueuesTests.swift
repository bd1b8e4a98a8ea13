import Testing

@testable import Spool

struct LedgerQueuesTests {
    /// A ledger with events from 1, each owed to these queues, three in a segment.
    private func ledger(_ owed: [[QueueID]]) -> Ledger {
        var ledger = Ledger()
        ledger.register(1, named: "one")
        ledger.register(2, named: "two")
        for (index, queues) in owed.enumerated() {
            let event = Commits.Appended.Event(
                number: UInt64(index + 1), offset: UInt32(index * 100), owed: queues,
                receivedAt: Int64(index / 3 * 1000))
            ledger.appended([event], toSegment: UInt64(index / 3 * 3 + 1))
        }
        return ledger
    }

    private func take(_ ledger: inout Ledger, _ queue: QueueID) -> [UInt64] {
        ledger.addCredit(queue, 100)
        return ledger.take(queue, now: 0).map(\.event.rawValue)
    }

    @Test func whatAQueueIsOwedIsListedInPartsWithWhatWasMadeOfIt() {
        var ledger = ledger([[1], [1, 2], [2], [1], [1]])
        ledger.attach(1, order: .whenDue)
        _ = take(&ledger, 1)
        _ = ledger.settle(
            Outcome(DeliveryID(event: 2, queue: 1), .later(notBefore: 9), progress: Progress(attempts: 3)))
        let first = ledger.owed(1, after: 0, through: 4, limit: 2)
        #expect(first.map(\.event) == [1, 2])
        #expect(first.map(\.progress.attempts) == [0, 3])
        #expect(ledger.owed(1, after: 2, through: 4, limit: 2).map(\.event) == [4])
        #expect(ledger.owed(1, after: 4, through: 4, limit: 2).isEmpty)
    }

    @Test func whatIsMovedIsHandedToTheOtherQueueOldestFirst() {
        var ledger = ledger([[1], [1, 2], [2], [1], [2]])
        ledger.attach(2, order: .whenDue)
        #expect(take(&ledger, 2) == [2, 3, 5])
        let sweep = ledger.move(1, to: 2, except: [])
        #expect(sweep.count == 3)
        #expect(ledger.queues[1]?.waiting == 0)
        #expect(ledger.queues[2]?.waiting == 5, "an event that both were owed is owed once")
        #expect(take(&ledger, 2) == [1, 4])
        #expect(ledger.move(1, to: 2, except: []).count == 0)
        #expect(ledger.move(2, to: 2, except: []).count == 0)
        #expect(ledger.move(2, to: 9, except: []).count == 0, "there is no such queue")
        #expect(ledger.queues[2]?.waiting == 5)
    }

    @Test func anEventIsOwedToAQueueThatItWasNotMeantForOnce() {
        var ledger = ledger([[1], [1]])
        let delivery = DeliveryID(event: 1, queue: 2)
        #expect(ledger.owe(delivery).result == .reopened)
        #expect(ledger.owe(delivery).result == .wasOwed)
        #expect(ledger.owe(DeliveryID(event: 7, queue: 2)).result == .noSuchEvent)
        #expect(ledger.queues(of: 1) == [1, 2])
        ledger.attach(2, order: .whenDue)
        #expect(take(&ledger, 2) == [1])
        #expect(ledger.tried.isEmpty, "what was never tried takes no memory")
    }

    @Test func theNextRetainedEventIsFoundAcrossSegmentsAndOldOnesArePassedOver() {
        let ledger = ledger([[1], [1], [1], [1], [1]])
        #expect(ledger.retained(after: 0, since: 0) == 1)
        #expect(ledger.retained(after: 3, since: 0) == 4)
        #expect(ledger.retained(after: 0, since: 500) == 4)
        #expect(ledger.retained(after: 5, since: 0) == nil)
    }
}
