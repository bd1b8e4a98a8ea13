import Delivery
import Spool
import Testing

@testable import Relay

struct UnrecordedTests {
    private func failure(_ number: UInt64, of target: String = "crm", receivedAt: Int64? = 0) -> AttemptRecord {
        var record = AttemptRecord.dropped(
            1, of: target, from: EventNumber(rawValue: number), to: EventNumber(rawValue: number), at: 0)
        record.receivedAt = receivedAt
        return record
    }

    @Test func onlyTheLastTryBeforeAnEventLeavesCounts() {
        var unrecorded = Unrecorded(retainMilliseconds: 100_000)
        #expect(unrecorded.note(failure(1), nextAt: 99_999, now: 40_000) == nil)
        #expect(unrecorded.note(failure(1, receivedAt: nil), nextAt: 100_000, now: 40_000) == nil)
        #expect(unrecorded.counts == [:])
        #expect(unrecorded.note(failure(1), nextAt: 100_000, now: 40_000) == Unrecorded.gatherMilliseconds)
        #expect(unrecorded.counts == ["crm": 1])
    }

    @Test func whatGathersIsSaidAtOnceWithTheFirstNumber() {
        var unrecorded = Unrecorded(retainMilliseconds: 0)
        #expect(unrecorded.note(failure(7), nextAt: 1, now: 0) != nil)
        #expect(unrecorded.note(failure(8), nextAt: 1, now: 0) == nil)
        #expect(unrecorded.note(failure(9, of: "erp"), nextAt: 1, now: 0) != nil)
        let both = unrecorded.say("crm", now: 1_000)
        #expect(both?.hasPrefix("2 events, event 7 the first, leave the stream") == true)
        #expect(unrecorded.say("crm", now: 1_000) == nil)
        let other = unrecorded.say("erp", now: 1_000)
        #expect(other?.hasPrefix("event 9 leaves the stream") == true)
        #expect(unrecorded.counts == ["crm": 2, "erp": 1])
    }

    @Test func itIsSaidOnceAMinuteAndNothingIsLeftOut() {
        var unrecorded = Unrecorded(retainMilliseconds: 0)
        _ = unrecorded.note(failure(1), nextAt: 1, now: 0)
        _ = unrecorded.say("crm", now: 1_000)
        #expect(unrecorded.note(failure(2), nextAt: 1, now: 11_000) == 50_000)
        #expect(unrecorded.note(failure(3), nextAt: 1, now: 30_000) == nil)
        let said = unrecorded.say("crm", now: 61_000)
        #expect(said?.hasPrefix("2 events, event 2 the first") == true)
        #expect(unrecorded.counts == ["crm": 3])
    }
}
