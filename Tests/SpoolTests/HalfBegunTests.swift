import Testing

@testable import Spool

/// What power cuts leave of segments that were being begun or given up.
struct HalfBegunTests {
    @Test func aSegmentOfWhichTheHeaderAloneIsLeftGetsTheTableOfQueuesAgain() throws {
        let disk = SimulatedDisk()
        var writing = try Writing(disk)
        let queue = try writing.commits.queue(named: "crm")
        writing.commit(NewEvent("one", to: queue))
        let half = "/s/" + SegmentWriter.name(2)
        disk.place(half, FileHeader(purpose: .segment, first: 2, salt: 7).encoded)
        _ = try Writing(disk)
        try disk.remove("/s/" + SegmentWriter.name(1))
        #expect(try Recovery("/s", on: disk).queues == [queue: "crm"])
    }

    /// A commit fails, and what it wrote can't be cut off either; a new segment takes its place, and is later removed.
    @Test func whatWasRefusedStaysAwayWhenTheSegmentBehindItHasGone() throws {
        let disk = SimulatedDisk()
        var spool = try SimulatedSpool(disk)
        let queue = try spool.queue(named: "crm")
        spool.attach(queue, order: .whenDue)
        let kept = spool.commit([NewEvent("kept", to: queue)])
        #expect(kept.accepted == [1])
        let first = SegmentWriter.name(1)
        disk.fail(.init(call: .sync, suffix: first, carries: .everything))
        disk.fail(.init(call: .truncate, suffix: first))
        let again = spool.commit([NewEvent("twice", to: queue)])
        #expect(again.accepted == [2])
        // Until the segment behind it is full, and another one begun.
        for _ in 3...10 { _ = spool.commit([NewEvent(bytes: 1500, to: queue)]) }
        for delivery in spool.take(queue, count: 100, now: 0) where delivery.event != 1 {
            spool.settle(
                Outcome(DeliveryID(event: delivery.event, queue: queue), .done, progress: delivery.progress))
        }
        let isDurable = spool.flush()
        let gone = spool.retain(isShort: true)
        #expect(isDurable && gone.contains { $0.contains(2) })
        let restarted = try SimulatedSpool(disk.crash(.nothing))
        #expect(restarted.ledger.position(of: 1) != nil)
        #expect(restarted.ledger.position(of: 2) == nil)
    }
}
