import Testing

@testable import Spool

struct CommitsTests {
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
        let queue = try writing.commits.queue(named: "one")
        #expect(writing.commits.closed != nil)
        #expect(throws: SpoolError.self) { try writing.commits.makeQueuesDurable() }
        writing.disk.heal()
        #expect(try writing.commits.queue(named: "one") == queue)
        writing.commit(NewEvent("b", to: queue))
        #expect(try writing.recovered(.nothing).queues == [queue: "one"])
    }

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
