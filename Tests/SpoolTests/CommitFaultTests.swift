import Testing

@testable import Spool

/// What becomes of a commit when the disk fails.
struct CommitFaultTests {
    @Test(arguments: [SimulatedDisk.Call.write, .sync])
    func afterAFaultTheBatchGoesToANewSegment(call: SimulatedDisk.Call) throws {
        var writing = try Writing()
        writing.commit(NewEvent("a", to: 1))
        writing.disk.fail(.init(call: call, suffix: SegmentWriter.name(1), times: .max, carries: .everything))
        #expect(writing.commit(NewEvent("b", to: 1), NewEvent("c", to: 1)).accepted == [2, 3])
        #expect(writing.commits.closed == nil)
        let left = writing.disk.crash(.nothing)
        let recovery = try Recovery("/s", on: left)
        #expect(recovery.damages.isEmpty)
        #expect(try bodies(recovery, on: left) == ["a", "b", "c"])
    }

    @Test(arguments: [SimulatedDisk.Call.write, .sync])
    func aFileThatFailedIsNeverSyncedForDataAgain(call: SimulatedDisk.Call) throws {
        var writing = try Writing()
        writing.commit(NewEvent("a", to: 1))
        let old = try #require(writing.disk.contents("/s/" + SegmentWriter.name(1)))
        writing.disk.fail(.init(call: call, suffix: SegmentWriter.name(1), carries: .everything))
        writing.commit(NewEvent("b", to: 1))
        writing.commit(NewEvent("c", to: 1))
        let now = try #require(writing.disk.contents("/s/" + SegmentWriter.name(1)))
        #expect(now.count < old.count, "it ends with its last durable event")
        #expect(old.starts(with: now))
    }

    @Test(arguments: [SimulatedDisk.Call.write, .sync, .open, .syncDirectory])
    func ifTheNewSegmentFailsTooTheBatchIsRefused(call: SimulatedDisk.Call) throws {
        var writing = try Writing()
        writing.commit(NewEvent("a", to: 1))
        writing.disk.fail(.init(call: .sync, suffix: SegmentWriter.name(1), carries: .everything))
        let suffix = call == .syncDirectory ? "/s" : SegmentWriter.name(2)
        writing.disk.fail(.init(call: call, suffix: suffix, times: .max, carries: .everything))
        let refusal = writing.commit(NewEvent("refused", to: 1)).refusal
        #expect(refusal?.retryAfterSeconds == 10)
        #expect(writing.commits.closed != nil)
        #expect(writing.commit(NewEvent("refused too", to: 1)).refusal != nil)

        for survival in [SimulatedDisk.Survival.everything, .nothing] {
            var after = writing.disk.crash(survival)
            var recovery = try Recovery("/s", on: after)
            #expect(try bodies(recovery, on: after) == ["a"])
            var next = try Writing(after)
            #expect(next.commit(NewEvent("b", to: 1)).accepted == [2])
            after = next.disk.crash(.nothing)
            recovery = try Recovery("/s", on: after)
            #expect(try bodies(recovery, on: after) == ["a", "b"])
        }
    }

    @Test func aSegmentWhoseZerosAheadFailIsLeft() throws {
        var writing = try Writing(segmentBytes: 4 << 20)
        writing.commit(NewEvent("a", to: 1))
        while writing.commits.writer?.missingAhead == 0 { writing.commit(NewEvent(bytes: 9000, to: 1)) }
        writing.disk.fail(.init(call: .write, suffix: SegmentWriter.name(1), carries: .nothing))
        writing.commits.writeAhead()
        #expect(writing.commits.closed == nil)
        let first = try #require(writing.commits.writer?.first)
        #expect(first > 1)
        #expect(writing.commit(NewEvent("b", to: 1)).accepted == [first])
        let left = writing.disk.crash(.nothing)
        #expect(try bodies(try Recovery("/s", on: left), on: left).count == first)
    }

    @Test func ifNoSegmentCanBeBegunBehindZerosAheadTheDoorIsClosed() throws {
        var writing = try Writing(segmentBytes: 4 << 20)
        writing.commit(NewEvent("a", to: 1))
        while writing.commits.writer?.missingAhead == 0 { writing.commit(NewEvent(bytes: 9000, to: 1)) }
        writing.disk.fail(.init(call: .write, times: .max))
        writing.commits.writeAhead()
        #expect(writing.commits.closed != nil)
        writing.disk.heal()
        writing.commits.reconsider()
        #expect(writing.commits.closed == nil)
        #expect(writing.commit(NewEvent("b", to: 1)).refusal == nil)
    }

    @Test func theDoorOpensAgainWithTheDisk() throws {
        var writing = try Writing()
        writing.commit(NewEvent("a", to: 1))
        writing.disk.fail(.init(call: .write, times: .max))
        #expect(writing.commit(NewEvent("refused", to: 1)).refusal != nil)
        writing.disk.heal()
        #expect(writing.commit(NewEvent("b", to: 1)).accepted == [2])
        #expect(writing.commits.closed == nil)
        let left = writing.disk.crash(.nothing)
        #expect(try bodies(try Recovery("/s", on: left), on: left) == ["a", "b"])
    }

    @Test func aFaultInAnEmptySegmentReplacesIt() throws {
        var writing = try Writing()
        writing.disk.fail(.init(call: .sync, suffix: SegmentWriter.name(1), carries: .everything))
        #expect(writing.commit(NewEvent("a", to: 1)).accepted == [1])
        #expect(writing.disk.paths(".segment").count == 1)
        let left = writing.disk.crash(.nothing)
        #expect(try bodies(try Recovery("/s", on: left), on: left) == ["a"])
    }

    @Test func whatAFailedWriteLeftStaysVoidWhenTheNextSegmentIsGone() throws {
        var writing = try Writing(segmentBytes: 4096)
        writing.commit(NewEvent("a", to: 1))
        writing.disk.fail(.init(call: .sync, suffix: SegmentWriter.name(1), carries: .everything))
        writing.commit(NewEvent("b", to: 1))
        writing.commit(NewEvent(bytes: 5000, to: 1))
        let left = writing.disk.crash(.nothing)
        // The events of the second segment are finished and past their time.
        try left.remove("/s/" + SegmentWriter.name(2))
        let recovery = try Recovery("/s", on: left)
        #expect(recovery.ledger.position(of: 1) != nil)
        #expect(recovery.ledger.position(of: 2) == nil)
    }
}
