import NATS
import Spool
import Testing

@testable import Cluster

@Suite struct ShelfTests {
    private let queue = QueueID(rawValue: 1)

    private func arrival(_ message: UInt64, event: UInt64? = nil, isRepeated: Bool = false) -> Shelf.Arrival {
        Shelf.Arrival(
            reply: "ack.\(message)", message: message, isRepeated: isRepeated,
            event: EventNumber(rawValue: event ?? message), isOwed: true)
    }

    private func shelf(credit: Int = 10) -> Shelf {
        var shelf = Shelf(queue: queue)
        var effects = Shelf.Effects()
        shelf.attach()
        shelf.request(credit, now: 0, &effects)
        #expect(effects.pull == credit)
        return shelf
    }

    private func outcome(_ event: UInt64, _ result: Outcome.Result) -> Outcome {
        Outcome(
            DeliveryID(event: EventNumber(rawValue: event), queue: queue), result,
            progress: Progress(attempts: 1, since: 5))
    }

    private func decide(_ shelf: inout Shelf, _ input: (inout Shelf, inout Shelf.Effects) -> Void) -> Shelf.Effects {
        var effects = Shelf.Effects()
        input(&shelf, &effects)
        return effects
    }

    @Test func aDeliveredMessageIsAcknowledgedAndNotHandedOutAgain() {
        var shelf = shelf()
        #expect(decide(&shelf) { $0.arrived(arrival(7), now: 0, &$1) }.handOut.map(\.event.rawValue) == [7])
        let done = decide(&shelf) { $0.settle(outcome(7, .done), wall: 0, &$1) }
        #expect(done.acknowledge.map(\.what) == [.done])
        #expect(done.write.isEmpty)
        #expect(done.letGo.map(\.rawValue) == [7])
        // The acknowledgement got lost.
        let again = decide(&shelf) { $0.arrived(arrival(7, isRepeated: true), now: 0, &$1) }
        #expect(again.acknowledge.map(\.what) == [.done])
        #expect(again.handOut.isEmpty && again.lookUp.isEmpty)
        #expect(again.pull == 1)
    }

    @Test func aRetryIsWrittenDownBeforeTheConsumerHearsOfIt() throws {
        var shelf = shelf()
        _ = decide(&shelf) { $0.arrived(arrival(7), now: 0, &$1) }
        let later = decide(&shelf) { $0.settle(outcome(7, .later(notBefore: 9_000)), wall: 1_000, &$1) }
        #expect(later.acknowledge.isEmpty)
        let record = try #require(later.write.first?.record)
        #expect(record.state == .later && record.notBefore == 9_000 && record.message == 7)
        #expect(decide(&shelf) { $0.keepAlive(&$1) }.acknowledge.map(\.what) == [.inProgress])
        let written = decide(&shelf) { $0.written(record, wall: 2_000, &$1) }
        #expect(written.acknowledge.map(\.what) == [.again(afterMilliseconds: 7_000)])
        #expect(shelf.held.isEmpty)
    }

    @Test func aFailureIsWrittenDownAndTheMessageEnds() throws {
        var shelf = shelf()
        _ = decide(&shelf) { $0.arrived(arrival(7), now: 0, &$1) }
        let failed = decide(&shelf) { $0.settle(outcome(7, .failed), wall: 0, &$1) }
        let record = try #require(failed.write.first?.record)
        #expect(decide(&shelf) { $0.written(record, wall: 0, &$1) }.acknowledge.map(\.what) == [.term])
    }

    @Test func aMessageThatComesAgainGoesOnWithTheScheduleThatIsWrittenDown() {
        var shelf = shelf()
        let first = decide(&shelf) { $0.arrived(arrival(7, isRepeated: true), now: 0, &$1) }
        #expect(first.handOut.isEmpty && first.lookUp.count == 1)
        var record = ClusterRecord(DeliveryID(event: EventNumber(rawValue: 7), queue: queue), .later)
        record.message = 7
        record.progress = Progress(attempts: 4, since: 99)
        let found = decide(&shelf) {
            $0.lookedUp(arrival(7, isRepeated: true), .event(record, number: 3), wall: 0, now: 0, &$1)
        }
        #expect(found.handOut.map(\.progress) == [record.progress])
    }

    @Test func whatIsWrittenDownFollowsWhatWasLookedUp() throws {
        var shelf = shelf()
        _ = decide(&shelf) { $0.arrived(arrival(6), now: 0, &$1) }
        #expect(decide(&shelf) { $0.settle(outcome(6, .failed), wall: 0, &$1) }.write.map(\.after) == [0])
        _ = decide(&shelf) { $0.arrived(arrival(7, isRepeated: true), now: 0, &$1) }
        var last = ClusterRecord(DeliveryID(event: EventNumber(rawValue: 7), queue: queue), .later)
        last.message = 7
        _ = decide(&shelf) { $0.lookedUp(arrival(7, isRepeated: true), .event(last, number: 42), wall: 0, now: 0, &$1) }
        let later = decide(&shelf) { $0.settle(outcome(7, .later(notBefore: 9)), wall: 0, &$1) }
        #expect(later.write.map(\.after) == [42])
        // Another relay has written since.
        let record = try #require(later.write.first?.record)
        let refused = decide(&shelf) { $0.unwritten(record, &$1) }
        #expect(refused.acknowledge.map(\.what) == [.again(afterMilliseconds: Shelf.faultMilliseconds)])
    }

    @Test func aRecordThatWasToFollowAnotherOneCountsNoMoreUnlessItSaysThatAllIsDone() {
        func record(_ state: ClusterRecord.State, message: UInt64 = 7, attempts: UInt32 = 1) -> ClusterRecord {
            var record = ClusterRecord(DeliveryID(event: EventNumber(rawValue: 7), queue: queue), state)
            (record.message, record.progress.attempts) = (message, attempts)
            return record
        }
        #expect(record(.later).refused(by: record(.later)) == .isStored)
        #expect(record(.later).refused(by: record(.later, attempts: 3)) == .isOvertaken)
        #expect(record(.failed).refused(by: record(.done)) == .isOvertaken)
        #expect(record(.later).refused(by: nil) == .again)
        #expect(record(.done).refused(by: record(.later, attempts: 3)) == .again)
        #expect(record(.done).refused(by: record(.again, message: 8)) == .isOvertaken)
    }

    @Test func whatAMessageCameToCountsMoreThanThatItIsOwedByIt() {
        func record(_ state: ClusterRecord.State, message: UInt64) -> ClusterRecord {
            var record = ClusterRecord(DeliveryID(event: EventNumber(rawValue: 7), queue: queue), state)
            record.message = message
            return record
        }
        for state in [ClusterRecord.State.later, .failed, .done] {
            #expect(record(state, message: 9).refused(by: record(.again, message: 9)) == .again)
            #expect(record(state, message: 9).refused(by: record(.again, message: 8)) == .again)
            #expect(record(state, message: 9).refused(by: record(.failed, message: 7)) == .again)
            #expect(record(state, message: 9).refused(by: record(.again, message: 10)) == .isOvertaken)
        }
    }

    @Test func whatIsDeliveredAfterItWasOwedAgainIsNoFailureAnyMore() {
        var shelf = shelf()
        var again = arrival(9, event: 7)
        again.again = ClusterRecord(DeliveryID(event: EventNumber(rawValue: 7), queue: queue), .again)
        _ = decide(&shelf) { $0.arrived(again, now: 0, &$1) }
        _ = decide(&shelf) { $0.lookedUp(again, .event(nil, number: 0), wall: 0, now: 0, &$1) }
        let done = decide(&shelf) { $0.settle(outcome(7, .done), wall: 0, &$1) }
        #expect(done.write.map(\.record.state) == [.done])
        #expect(done.forget == [DeliveryID(event: EventNumber(rawValue: 7), queue: queue)])
    }

    @Test func whatWasErasedComesToNothingHere() throws {
        var shelf = shelf(credit: 2)
        _ = decide(&shelf) { $0.arrived(arrival(1), now: 0, &$1) }
        let erased = decide(&shelf) { $0.erase(EventNumber(rawValue: 1), &$1) }
        #expect(erased.acknowledge.map(\.what) == [.term])
        #expect(erased.letGo == [EventNumber(rawValue: 1)])
        #expect(shelf.held.isEmpty)
        // Neither its outcome counts any more, nor the message if it comes again.
        #expect(decide(&shelf) { $0.settle(outcome(1, .done), wall: 0, &$1) }.acknowledge.isEmpty)
        let again = decide(&shelf) { $0.arrived(arrival(1), now: 0, &$1) }
        #expect(again.handOut.isEmpty && again.acknowledge.map(\.what) == [.done])
    }

    @Test func whoStandsAsideGivesBackWhatIsNotUnderWayAndTakesNothingUntilItComesBack() {
        var shelf = shelf()
        for message in 1...3 as ClosedRange<UInt64> {
            _ = decide(&shelf) { $0.arrived(arrival(message), now: 0, &$1) }
        }
        let aside = decide(&shelf) { $0.standAside(except: [EventNumber(rawValue: 2)], &$1) }
        #expect(Set(aside.acknowledge.map(\.reply)) == ["ack.1", "ack.3"])
        #expect(decide(&shelf) { $0.request(2, now: 0, &$1) }.pull == 0)
        let late = decide(&shelf) { $0.arrived(arrival(4), now: 0, &$1) }
        #expect(late.handOut.isEmpty && late.acknowledge.map(\.what) == [.again(afterMilliseconds: 0)])
        #expect(decide(&shelf) { $0.settle(outcome(2, .done), wall: 0, &$1) }.acknowledge.map(\.what) == [.done])
        // Seven that had not come, and two that were asked for meanwhile.
        #expect(decide(&shelf) { $0.comeBack(now: 0, &$1) }.pull == 9)
    }

    @Test func aMessageThatComesBeforeItsTimeGoesBackUntilThen() {
        var shelf = shelf()
        _ = decide(&shelf) { $0.arrived(arrival(7, isRepeated: true), now: 0, &$1) }
        var record = ClusterRecord(DeliveryID(event: EventNumber(rawValue: 7), queue: queue), .later)
        record.message = 7
        record.notBefore = 60_000
        let found = decide(&shelf) {
            $0.lookedUp(arrival(7, isRepeated: true), .event(record, number: 3), wall: 10_000, now: 0, &$1)
        }
        #expect(found.acknowledge.map(\.what) == [.again(afterMilliseconds: 50_000)])
        #expect(found.pull == 1)
    }

    @Test(arguments: [ClusterRecord.State.done, .failed, .again])
    func aMessageThatNoLongerCountsIsNotHandedOut(state: ClusterRecord.State) {
        var shelf = shelf()
        _ = decide(&shelf) { $0.arrived(arrival(7, isRepeated: true), now: 0, &$1) }
        var record = ClusterRecord(DeliveryID(event: EventNumber(rawValue: 7), queue: queue), state)
        record.message = state == .again ? 8 : 7
        let found = decide(&shelf) {
            $0.lookedUp(arrival(7, isRepeated: true), .event(record, number: 3), wall: 0, now: 0, &$1)
        }
        #expect(found.handOut.isEmpty)
        #expect(found.acknowledge.map(\.what) == [state == .failed ? .term : .done])
    }

    @Test func neverMoreIsHandedOutThanWasAskedFor() {
        var shelf = shelf(credit: 2)
        for message in 1...2 as ClosedRange<UInt64> {
            #expect(decide(&shelf) { $0.arrived(arrival(message), now: 0, &$1) }.handOut.count == 1)
        }
        let third = decide(&shelf) { $0.arrived(arrival(3), now: 0, &$1) }
        #expect(third.handOut.isEmpty)
        #expect(third.acknowledge.map(\.what) == [.again(afterMilliseconds: 0)])
        #expect(third.pull == 0)
    }

    @Test func whatAPullDidNotBringIsAskedForAgain() {
        var shelf = shelf(credit: 10)
        _ = decide(&shelf) { $0.arrived(arrival(1), now: 0, &$1) }
        #expect(decide(&shelf) { $0.pullEnded(9, now: 0, &$1) }.pull == 9)
        #expect(shelf.outstanding == 9)
        #expect(shelf.isSilent(now: 6_000, after: 5_000))
        #expect(decide(&shelf) { $0.renew(now: 6_000, &$1) }.pull == 9)
        #expect(!shelf.isSilent(now: 6_000, after: 5_000))
    }

    @Test func whatHasNoOutcomeGoesBackWhenTheReceiverLeaves() {
        var shelf = shelf()
        _ = decide(&shelf) { $0.arrived(arrival(1), now: 0, &$1) }
        _ = decide(&shelf) { $0.arrived(arrival(2), now: 0, &$1) }
        _ = decide(&shelf) { $0.settle(outcome(2, .failed), wall: 0, &$1) }
        let left = decide(&shelf) { $0.detach(&$1) }
        #expect(left.acknowledge.map(\.reply) == ["ack.1"])
        #expect(shelf.held.keys.map(\.rawValue) == [2])
    }

    @Test func aPartitionTakesOneMessageAtATimeAndAsksForTheNextByItself() {
        var shelf = Shelf(queue: queue, isOneByOne: true)
        shelf.attach()
        #expect(decide(&shelf) { $0.goOn(now: 0, &$1) }.pull == 1)
        #expect(decide(&shelf) { $0.goOn(now: 0, &$1) }.pull == 0)
        let first = decide(&shelf) { shelf, effects in
            shelf.arrived(arrival(7), now: 0, &effects)
            shelf.goOn(now: 0, &effects)
        }
        #expect(first.handOut.map(\.event.rawValue) == [7] && first.pull == 0)
        let done = decide(&shelf) { shelf, effects in
            shelf.settle(outcome(7, .done), wall: 0, &effects)
            shelf.goOn(now: 0, &effects)
        }
        #expect(done.acknowledge.map(\.what) == [.done] && done.pull == 1)
        // A pull that ends without a message is made anew; one that got lost, too.
        #expect(decide(&shelf) { $0.pullEnded(1, now: 0, &$1) }.pull == 1)
        #expect(decide(&shelf) { $0.renew(now: 0, &$1) }.pull == 1)
    }

    @Test func aRetryOfAPartitionIsTheConsumersAndLeavesRoomForAnotherRelay() throws {
        var shelf = Shelf(queue: queue, isOneByOne: true)
        shelf.attach()
        _ = decide(&shelf) { $0.goOn(now: 0, &$1) }
        _ = decide(&shelf) { $0.arrived(arrival(7), now: 0, &$1) }
        let later = decide(&shelf) { shelf, effects in
            shelf.settle(outcome(7, .later(notBefore: 9_000)), wall: 1_000, &effects)
            shelf.goOn(now: 0, &effects)
        }
        #expect(later.pull == 0)
        let record = try #require(later.write.first?.record)
        let written = decide(&shelf) { shelf, effects in
            shelf.written(record, wall: 1_000, &effects)
            shelf.goOn(now: 0, &effects)
        }
        #expect(written.acknowledge.map(\.what) == [.again(afterMilliseconds: 8_000)] && written.pull == 1)
    }

    @Test func ofWhatIsAnotherRelaysByNowNothingIsSaid() {
        var shelf = shelf()
        _ = decide(&shelf) { $0.arrived(arrival(7), now: 0, &$1) }
        let effects = decide(&shelf) { $0.abandon(EventNumber(rawValue: 7), &$1) }
        #expect(effects.acknowledge.isEmpty && effects.letGo.map(\.rawValue) == [7])
    }
}
