import Testing

@testable import Spool

struct LedgerTests {
    /// A ledger with events from 1, each owed to these queues.
    private func ledger(_ owed: [[QueueID]], perSegment: Int = 1000) -> Ledger {
        var ledger = Ledger()
        ledger.register(1, named: "one")
        ledger.register(2, named: "two")
        for (index, queues) in owed.enumerated() {
            let first = UInt64(index / perSegment * perSegment + 1)
            let event = Commits.Appended.Event(
                number: UInt64(index + 1), offset: UInt32(index * 100), owed: queues, receivedAt: 0)
            ledger.appended([event], toSegment: first)
        }
        return ledger
    }

    private func take(_ ledger: inout Ledger, _ queue: QueueID = 1, credit: Int = 100, now: Int64 = 0) -> [UInt64] {
        ledger.addCredit(queue, credit)
        return ledger.take(queue, now: now).map(\.event.rawValue)
    }

    @discardableResult
    private func settle(
        _ ledger: inout Ledger, _ event: EventNumber, _ result: Outcome.Result, attempts: UInt32 = 1,
        queue: QueueID = 1
    ) -> JournalEntry? {
        ledger.settle(
            Outcome(DeliveryID(event: event, queue: queue), result, progress: Progress(attempts: attempts)))
    }

    @Test func eventsAreHandedOutInOrderAcrossSegments() {
        var ledger = ledger([[1], [2], [1, 2], [1], [1]], perSegment: 2)
        ledger.attach(1, order: .whenDue)
        #expect(take(&ledger) == [1, 3, 4, 5])
        #expect(ledger.position(of: 4) == Position(segment: 3, offset: 300, event: 4))
    }

    @Test func noMoreIsHandedOutThanThereIsCreditFor() {
        var ledger = ledger(Array(repeating: [1], count: 5))
        ledger.attach(1, order: .whenDue)
        #expect(take(&ledger, credit: 0) == [])
        #expect(take(&ledger, credit: 2) == [1, 2])
        #expect(ledger.take(1, now: 0).isEmpty)
        settle(&ledger, 1, .done)
        #expect(ledger.take(1, now: 0).isEmpty, "an outcome is no credit")
        #expect(take(&ledger, credit: 2) == [3, 4])
    }

    @Test func creditOutlivesAnEmptyQueue() {
        var ledger = ledger([])
        ledger.attach(1, order: .whenDue)
        #expect(take(&ledger, credit: 2) == [])
        ledger.appended(
            (1...3).map { Commits.Appended.Event(number: $0, offset: 0, owed: [1], receivedAt: 0) }, toSegment: 1)
        #expect(ledger.take(1, now: 0).map(\.event) == [1, 2])
    }

    @Test func nobodyAttachedIsHandedNothing() {
        var ledger = ledger([[1]])
        #expect(take(&ledger) == [])
        ledger.attach(1, order: .whenDue)
        ledger.detach(1)
        #expect(take(&ledger) == [])
    }

    @Test func whatWasHeldAtADetachIsHandedOutAgain() {
        var ledger = ledger([[1], [1]])
        ledger.attach(1, order: .whenDue)
        #expect(take(&ledger, credit: 1) == [1])
        ledger.detach(1)
        ledger.attach(1, order: .whenDue)
        #expect(take(&ledger) == [1, 2])
    }

    @Test func aRetryComesWhenItIsDueAndBeforeFreshEvents() {
        var ledger = ledger([[1], [1], [1]])
        ledger.attach(1, order: .whenDue)
        #expect(take(&ledger, credit: 2) == [1, 2])
        settle(&ledger, 2, .later(notBefore: 50))
        settle(&ledger, 1, .later(notBefore: 60))
        #expect(ledger.nextDue() == nil, "without credit nothing is waited for")
        #expect(take(&ledger, credit: 1, now: 49) == [3])
        ledger.addCredit(1, 1)
        #expect(ledger.nextDue() == 50)
        #expect(ledger.take(1, now: 50).map(\.event) == [2])
        #expect(take(&ledger, now: 60) == [1])
    }

    @Test func aRetryIsHandedOutWithItsProgress() throws {
        var ledger = ledger([[1]])
        ledger.attach(1, order: .whenDue)
        _ = take(&ledger)
        settle(&ledger, 1, .later(notBefore: 50), attempts: 4)
        ledger.addCredit(1, 1)
        let delivery = try #require(ledger.take(1, now: 50).first)
        #expect(delivery.progress.attempts == 4)
        #expect(delivery.notBefore == 50)
    }

    @Test func byNumberARetryNotYetDueIsHandedOutInItsPlace() {
        var ledger = ledger([[1], [1], [1]])
        ledger.replay(
            JournalEntry(DeliveryID(event: 2, queue: 1), .later, Progress(attempts: 1), notBefore: 1_000_000))
        ledger.attach(1, order: .byNumber)
        ledger.addCredit(1, 10)
        let deliveries = ledger.take(1, now: 0)
        #expect(deliveries.map(\.event) == [1, 2, 3])
        #expect(deliveries.map(\.notBefore) == [0, 1_000_000, 0])
    }

    @Test func byNumberARetryStaysWithItsReceiver() {
        var ledger = ledger([[1], [1]])
        ledger.attach(1, order: .byNumber)
        #expect(take(&ledger, credit: 1) == [1])
        settle(&ledger, 1, .later(notBefore: 10))
        #expect(take(&ledger, now: 100) == [2])
    }

    @Test func whatWasHandedBackUntriedComesAgainAndIsNotRecorded() {
        var ledger = ledger([[1], [1]])
        ledger.attach(1, order: .whenDue)
        #expect(take(&ledger, credit: 1) == [1])
        #expect(settle(&ledger, 1, .untried, attempts: 0) == nil)
        #expect(take(&ledger) == [1, 2])
    }

    @Test func byNumberWhatWasHandedBackUntriedKeepsItsPlace() {
        var ledger = ledger([[1], [1], [1]])
        ledger.replay(
            JournalEntry(DeliveryID(event: 1, queue: 1), .later, Progress(attempts: 1), notBefore: 1_000_000))
        ledger.attach(1, order: .byNumber)
        #expect(take(&ledger, credit: 2) == [1, 2])
        settle(&ledger, 2, .untried, attempts: 0)
        settle(&ledger, 1, .untried, attempts: 1)
        #expect(take(&ledger) == [1, 2, 3])
    }

    @Test func outcomesAreCountedOnceHoweverOftenTheyCome() throws {
        var ledger = ledger([[1], [1]])
        ledger.attach(1, order: .whenDue)
        _ = take(&ledger)
        #expect(settle(&ledger, 1, .done)?.change == .done)
        #expect(settle(&ledger, 1, .done) == nil)
        #expect(settle(&ledger, 1, .failed) == nil)
        #expect(settle(&ledger, 2, .failed)?.change == .failed)
        let queue = try #require(ledger.queues[1])
        #expect(queue.waiting == 0)
        #expect(queue.failed == 1)
        #expect(queue.inHand.isEmpty)
        #expect(ledger.tried.isEmpty)
    }

    @Test func anOutcomeOfAnEventNeverSeenIsIgnored() {
        var ledger = ledger([[1]])
        #expect(settle(&ledger, 99, .done) == nil)
        #expect(settle(&ledger, 1, .done, queue: 2) == nil)
    }

    @Test func aFailureReopenedIsHandedOutAfresh() throws {
        var ledger = ledger([[1]])
        ledger.attach(1, order: .whenDue)
        _ = take(&ledger)
        settle(&ledger, 1, .failed, attempts: 9)
        #expect(ledger.failed(1, after: 0, limit: 10) == [1])
        let reopened = ledger.reopen(DeliveryID(event: 1, queue: 1))
        #expect(reopened.result == .reopened)
        #expect(reopened.entry?.change == .reopened)
        #expect(ledger.queues[1]?.failed == 0)
        #expect(ledger.queues[1]?.waiting == 1)
        #expect(take(&ledger) == [1])
    }

    @Test func aRetryReopenedIsDueAtOnce() {
        var ledger = ledger([[1]])
        ledger.attach(1, order: .whenDue)
        _ = take(&ledger)
        settle(&ledger, 1, .later(notBefore: 1_000_000), attempts: 3)
        let reopened = ledger.reopen(DeliveryID(event: 1, queue: 1))
        #expect(reopened.result == .wasOwed)
        #expect(reopened.entry?.progress == Progress(attempts: 3, attemptsBefore: 3))
        #expect(take(&ledger) == [1])
        #expect(take(&ledger, now: 2_000_000) == [], "the old due time counts no more")
    }

    @Test func whatIsInHandIsNotReopened() {
        var ledger = ledger([[1]])
        ledger.attach(1, order: .whenDue)
        _ = take(&ledger)
        let reopened = ledger.reopen(DeliveryID(event: 1, queue: 1))
        #expect(reopened.result == .wasOwed)
        #expect(reopened.entry == nil)
        #expect(take(&ledger) == [])
    }

    @Test func anEventOfAnyNumberCanBeAskedFor() {
        var ledger = ledger([[1]])
        for number in [0, 2, UInt64(Int.max), .max - 1, .max] {
            #expect(ledger.position(of: number) == nil)
            #expect(ledger.failed(1, after: number, limit: 5).isEmpty)
            #expect(ledger.reopen(DeliveryID(event: EventNumber(rawValue: number), queue: 1)).result == .noSuchEvent)
        }
        settle(&ledger, 1, .failed)
        #expect(ledger.failed(1, after: .max, limit: 5).isEmpty)
    }

    @Test func failuresAreListedInOrderBehindANumber() {
        var ledger = ledger(Array(repeating: [1], count: 10), perSegment: 3)
        for event in [2, 3, 4, 9] as [EventNumber] { settle(&ledger, event, .failed) }
        #expect(ledger.failed(1, after: 0, limit: 3) == [2, 3, 4])
        #expect(ledger.failed(1, after: 4, limit: 3) == [9])
        #expect(ledger.failed(2, after: 0, limit: 3) == [])
    }

    @Test func standingsRestoreALedgerAsItWas() {
        var before = ledger([[1, 2], [1], [2], [1, 2]], perSegment: 2)
        settle(&before, 1, .done)
        settle(&before, 2, .failed)
        settle(&before, 3, .failed, queue: 2)
        var after = ledger([[1, 2], [1], [2], [1, 2]], perSegment: 2)
        for standing in before.standings { after.restore(standing) }
        for queue in [1, 2] as [QueueID] {
            #expect(after.queues[queue]?.waiting == before.queues[queue]?.waiting)
            #expect(after.queues[queue]?.failed == before.queues[queue]?.failed)
            #expect(after.failed(queue, after: 0, limit: 9) == before.failed(queue, after: 0, limit: 9))
        }
        #expect(after.segments.map(\.unsettled) == before.segments.map(\.unsettled))
    }

    @Test func replayedEntriesEndWhereTheOriginalsEnded() throws {
        var before = ledger([[1], [1], [1], [1]])
        var entries: [JournalEntry] = []
        entries.append(try #require(settle(&before, 1, .done)))
        entries.append(try #require(settle(&before, 2, .failed)))
        entries.append(try #require(settle(&before, 3, .later(notBefore: 77), attempts: 2)))
        entries.append(try #require(settle(&before, 4, .failed)))
        entries.append(try #require(before.reopen(DeliveryID(event: 4, queue: 1)).entry))
        var after = ledger([[1], [1], [1], [1]])
        for entry in entries { after.replay(entry) }
        #expect(after.queues[1]?.waiting == 2)
        #expect(after.queues[1]?.failed == 1)
        #expect(after.tried[DeliveryID(event: 3, queue: 1)]?.notBefore == 77)
        #expect(after.tried[DeliveryID(event: 3, queue: 1)]?.progress.attempts == 2)
        #expect(after.standings(of: 4, owed: [1]).map(\.state) == [.waiting])
    }

    @Test func anEventsDeliveriesStandAsTheyAre() {
        var ledger = ledger([[1, 2], [1, 2]])
        settle(&ledger, 1, .done)
        settle(&ledger, 1, .failed, queue: 2)
        settle(&ledger, 2, .later(notBefore: 5))
        #expect(ledger.standings(of: 1, owed: [1, 2]).map(\.state) == [.done, .failed])
        #expect(ledger.standings(of: 2, owed: [1, 2]).map(\.state) == [.later(notBefore: 5), .waiting])
        #expect(ledger.standings(of: 2, owed: [2, 1]).map(\.target) == ["two", "one"])
        #expect(ledger.standings(of: 3, owed: [1]).isEmpty)
    }

    @Test func aDroppedSegmentTakesItsFailuresWithIt() {
        var ledger = ledger([[1], [1]], perSegment: 1)
        settle(&ledger, 1, .failed)
        ledger.drop(1)
        #expect(ledger.queues[1]?.failed == 0)
        #expect(ledger.position(of: 1) == nil)
        ledger.attach(1, order: .whenDue)
        #expect(take(&ledger) == [2])
    }

    @Test func theOldestOwedEventIsFound() {
        var ledger = ledger([[1], [1, 2], [1]], perSegment: 2)
        settle(&ledger, 1, .done)
        #expect(ledger.oldest(1) == Position(segment: 1, offset: 100, event: 2))
        settle(&ledger, 2, .done, queue: 2)
        #expect(ledger.oldest(2) == nil)
    }
}
