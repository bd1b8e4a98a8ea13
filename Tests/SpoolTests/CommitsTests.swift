import Testing

@testable import Spool

struct CommitsTests {
    /// The writing side of a spool on a simulated disk, opened anew as often as a test likes.
    private struct Writing {
        var disk: SimulatedDisk
        var settings: SpoolSettings
        var usage: SpoolUsage
        var commits: Commits

        init(
            _ disk: SimulatedDisk = SimulatedDisk(), segmentBytes: Int? = nil,
            _ change: (inout SpoolSettings) -> Void = { _ in }
        )
            throws
        {
            self.disk = disk
            settings = SpoolSettings(path: "/s")
            change(&settings)
            let recovery = try Recovery("/s", on: disk)
            usage = SpoolUsage(bytes: recovery.bytes)
            commits = try Commits(
                recovery, in: "/s", on: disk, settings: settings, usage: usage, now: 0, segmentBytes: segmentBytes)
        }

        @discardableResult
        mutating func commit(_ events: NewEvent..., now: Int64 = 0) -> CommitOutcome {
            withBatch(events) { commits.commit($0, now: now).outcome }
        }

        /// What a restart would read, after the power went.
        func recovered(_ survival: SimulatedDisk.Survival = .everything) throws -> Recovery {
            try Recovery("/s", on: disk.crash(survival))
        }

        var bytesOnDisk: Int {
            disk.paths(".segment").reduce(0) { $0 + (disk.contents($1)?.count ?? 0) }
        }
    }

    private func bodies(_ recovery: Recovery, on disk: SimulatedDisk) throws -> [String] {
        let files = SegmentFiles("/s", on: disk)
        return try (1..<recovery.nextNumber).compactMap { recovery.ledger.position(of: $0) }
            .map { String(decoding: try files.read($0).body, as: UTF8.self) }
    }

    @Test func aBatchOfManyEventsIsOneSync() throws {
        var writing = try Writing()
        writing.commit(NewEvent("first", to: 1))
        let before = writing.disk.count(.sync)
        let outcome = withBatch((0..<300).map { NewEvent("event \($0)", to: 1) }) {
            writing.commits.commit($0, now: 0).outcome
        }
        #expect(outcome.accepted == Array(2...301))
        #expect(writing.disk.count(.sync) - before == 1)
    }

    @Test func whatWasAcceptedSurvivesThePowerCut() throws {
        var writing = try Writing()
        writing.commit(NewEvent("a", to: 1), NewEvent("b", to: 1))
        let recovery = try writing.recovered(.nothing)
        #expect(recovery.nextNumber == 3)
        #expect(recovery.damages.isEmpty)
    }

    @Test func withoutSyncingEachAppendNoneIsAwaited() throws {
        var writing = try Writing { $0.sync = .interval(.milliseconds(100)) }
        let before = writing.disk.count(.sync)
        #expect(writing.commit(NewEvent("a", to: 1)).accepted == [1])
        #expect(writing.disk.count(.sync) == before)
        writing.commits.syncPending()
        #expect(writing.disk.count(.sync) == before + 1)
        writing.commits.syncPending()
        #expect(writing.disk.count(.sync) == before + 1, "nothing came since")
        #expect(try writing.recovered(.nothing).nextNumber == 2)
    }

    @Test func aFullSegmentIsSealedAndTheNextIsBegun() throws {
        var writing = try Writing(segmentBytes: 4096)
        for _ in 0..<10 { writing.commit(NewEvent(bytes: 1000, to: 1)) }
        let paths = writing.disk.paths(".segment")
        #expect(paths.count > 2)
        let recovery = try writing.recovered(.nothing)
        #expect(recovery.nextNumber == 11)
        #expect(recovery.ledger.segments.map(\.isSealed).dropLast().allSatisfy { $0 })
        #expect(recovery.ledger.segments.last?.isSealed == false)
    }

    @Test func aBatchLargerThanASegmentGetsOneOfItsOwn() throws {
        var writing = try Writing(segmentBytes: 4096)
        writing.commit(NewEvent("a", to: 1))
        #expect(writing.commit(NewEvent(bytes: 100_000, to: 1)).accepted == [2])
        #expect(writing.commit(NewEvent("b", to: 1)).accepted == [3])
        #expect(writing.disk.paths(".segment").count == 3)
    }

    @Test func aLargeFirstBatchBehindManyTargetsSealsNothing() throws {
        var writing = try Writing(segmentBytes: 16_384)
        for number in 0..<60 { _ = try writing.commits.queue(named: "a target with the number \(number)") }
        writing = try Writing(writing.disk.crash(.nothing), segmentBytes: 16_384)
        let appended = withBatch([NewEvent(bytes: 20_000, to: 1)]) { writing.commits.commit($0, now: 0).appended }
        #expect(appended?.segment == 1)
        #expect(appended?.sealed.isEmpty == true)
    }

    // A disk that fails.

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

    // Queues.

    @Test func aQueueKeepsItsNumberOverARestart() throws {
        var writing = try Writing()
        let one = try writing.commits.queue(named: "one")
        let two = try writing.commits.queue(named: "two")
        #expect(one != two)
        #expect(try writing.commits.queue(named: "one") == one)
        var again = try Writing(writing.disk.crash(.nothing))
        #expect(try again.commits.queue(named: "two") == two)
        #expect(try again.commits.queue(named: "one") == one)
        #expect(try again.commits.queue(named: "three") != two)
    }

    @Test func aQueueIsRegisteredInANewSegmentIfTheOldOneFails() throws {
        var writing = try Writing()
        writing.commit(NewEvent("a"))
        writing.disk.fail(.init(call: .sync, suffix: SegmentWriter.name(1), carries: .nothing))
        let queue = try writing.commits.queue(named: "one")
        writing.commit(NewEvent("b", to: queue))
        #expect(try writing.recovered(.nothing).queues == [queue: "one"])
    }

    @Test func aQueueThatCouldNotBeRegisteredIsBeforeItsFirstEvent() throws {
        var writing = try Writing()
        writing.commit(NewEvent("a"))
        writing.disk.fail(.init(call: .write, times: .max, carries: .nothing))
        #expect(throws: SpoolError.self) { try writing.commits.queue(named: "one") }
        writing.disk.heal()
        let queue = try writing.commits.queue(named: "one")
        writing.commit(NewEvent("b", to: queue))
        #expect(try writing.recovered(.nothing).queues == [queue: "one"])
    }

    // Repetitions.

    @Test func aRepetitionIsTheFirstEventsDuplicateInTheBatchAndAfter() throws {
        var writing = try Writing()
        let fates = writing.commit(NewEvent("a", dedupe: 5), NewEvent("b", dedupe: 6), NewEvent("c", dedupe: 5)).fates
        #expect(fates == [.accepted(1), .accepted(2), .duplicate(of: 1)])
        #expect(writing.commit(NewEvent("d", dedupe: 6)).fates == [.duplicate(of: 2)])
        #expect(writing.commits.commit(CommitBatch(), now: 0).outcome.fates == [])
    }

    @Test func aRepetitionIsFoundAfterARestart() throws {
        var writing = try Writing()
        writing.commit(NewEvent("a", dedupe: 5))
        var again = try Writing(writing.disk.crash(.nothing))
        #expect(again.commit(NewEvent("b", dedupe: 5)).fates == [.duplicate(of: 1)])
    }

    @Test func aRefusedEventIsNoRepetitionOfItself() throws {
        var writing = try Writing()
        writing.disk.fail(.init(call: .write, times: .max))
        #expect(writing.commit(NewEvent("a", dedupe: 5)).refusal != nil)
        writing.disk.heal()
        #expect(writing.commit(NewEvent("a", dedupe: 5)).fates == [.accepted(1)])
    }

    // Space.

    @Test func belowMinFreeEventsAreRefusedUntilThereIsRoom() throws {
        var writing = try Writing { $0.minFreeBytes = 1 << 30 }
        writing.disk.setFree(1 << 30)
        let refusal = writing.commit(NewEvent("a", to: 1)).refusal
        #expect(refusal?.reason.contains("min_free") == true)
        writing.commits.reconsider()
        #expect(writing.commits.closed != nil)
        writing.disk.setFree(1 << 31)
        writing.commits.reconsider()
        #expect(writing.commits.closed == nil)
        #expect(writing.commit(NewEvent("a", to: 1)).accepted == [1])
    }

    @Test func aFileSystemThatDoesNotAnswerIsNotTakenForRoom() throws {
        var writing = try Writing()
        writing.disk.fail(.init(call: .freeBytes))
        #expect(writing.commit(NewEvent("a", to: 1)).refusal != nil)
        #expect(writing.commit(NewEvent("a", to: 1)).accepted == [1])
    }

    @Test func pastMaxSizeEventsAreRefusedAndAReserveStays() throws {
        var writing = try Writing { $0.maxSizeBytes = 8 << 20 }
        var accepted = 0
        var refusal: CommitRefusal?
        while refusal == nil, accepted < 100 {
            refusal = writing.commit(NewEvent(bytes: 200_000, to: 1)).refusal
            accepted += 1
        }
        #expect(refusal?.reason.contains("max_size") == true)
        #expect(writing.bytesOnDisk <= 8 << 20)
        #expect(writing.bytesOnDisk > 6 << 20)
    }

    @Test func theSizeOnDiskIsKnownWhateverFailed() throws {
        var random = SeededRandom(seed: 5)
        var writing = try Writing(segmentBytes: 8192)
        for step in 0..<300 {
            if random.onceIn(5) {
                let call: SimulatedDisk.Call = random.onceIn(2) ? .sync : .write
                writing.disk.fail(.init(call: call, after: random.below(3)))
            }
            if random.onceIn(20) { _ = try? writing.commits.queue(named: "target \(step)") }
            writing.commit(NewEvent(bytes: random.below(2000), to: 1))
            if random.onceIn(30) { writing = try Writing(writing.disk.crash(.everything), segmentBytes: 8192) }
        }
        writing.disk.heal()
        writing.commit(NewEvent(bytes: 10, to: 1))
        #expect(writing.usage.bytes == writing.bytesOnDisk)
    }
}
