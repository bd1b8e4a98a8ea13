import Testing

@testable import Spool

struct SegmentTests {
    private func segment(_ owed: [[QueueID]]) -> Segment {
        var segment = Segment(first: 10)
        for (index, queues) in owed.enumerated() {
            segment.append(number: 10 + UInt64(index), offset: UInt32(index), owed: queues, receivedAt: Int64(index))
        }
        return segment
    }

    @Test func whatIsOwedIsCountedUntilItIsSettled() {
        var segment = segment([[1, 2], [1], []])
        #expect(segment.unsettled == 3)
        #expect(segment.end == 13)
        #expect(segment.lastReceivedAt == 2)
        let settled = [segment.settle(0, 1, failed: false), segment.settle(0, 1, failed: false)]
        #expect(settled == [true, false])
        _ = segment.settle(0, 2, failed: true)
        #expect(segment.unsettled == 1)
        #expect(segment.failed[2]?.contains(0) == true)
    }

    @Test func aFailureReopenedIsOwedAndNoLongerFailed() {
        var segment = segment([[1]])
        _ = segment.settle(0, 1, failed: true)
        segment.reopen(0, 1)
        #expect(segment.unsettled == 1)
        #expect(segment.failed[1]?.isEmpty == true)
    }

    @Test func aNumberThatWasSteppedOverIsMissing() {
        var segment = Segment(first: 10)
        segment.append(number: 12, offset: 99, owed: [1], receivedAt: 0)
        #expect((0..<3).map { segment.places[$0] } == [Places.missing, Places.missing, 99])
        #expect(segment.owed[1]?.contains(2) == true)
    }

    @Test func aCheckpointSpeaksOnlyOfTheEventsItCovers() {
        var segment = segment([[1], [1], [1], [1]])
        segment.restore(1, owed: [0b01], failed: [0b10], covered: 2)
        #expect(segment.owed[1]?.words == [0b1101])
        #expect(segment.failed[1]?.words == [0b10])
        #expect(segment.unsettled == 3)
    }

    @Test func aCheckpointOwesNothingThatCanNotBeRead() {
        var segment = Segment(first: 10)
        segment.append(number: 11, offset: 99, owed: [1], receivedAt: 0)
        segment.restore(1, owed: [0b1111], failed: [], covered: 4)
        #expect(segment.owed[1]?.words == [0b10])
        #expect(segment.unsettled == 1)
    }
}
