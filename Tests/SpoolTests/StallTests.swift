import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Spool

/// What a committer does while the disk hangs. The commits here wait at a gate, and time is what the test says.
struct StallTests {
    /// A committer whose commits wait until the gate is opened for one.
    private final class Hanging: Sendable {
        let time = Mutex<Int64>(0)
        let began = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        /// What was committed, and whether it counts.
        let commits = Mutex<[(count: Int, counts: Bool)]>([])
        let heard = Mutex<[(name: String, outcome: String)]>([])
        let told = DispatchSemaphore(value: 0)

        func committer() throws -> Committer {
            let made = Committer(clock: { [self] in time.withLock { $0 } }) { [self] batch, claim in
                began.signal()
                gate.wait()
                let counts = claim.keep()
                commits.withLock { $0.append((batch.count, counts)) }
                let refusal = CommitRefusal(reason: "too late", retryAfterSeconds: 1)
                let fates = (0..<batch.count).map { Fate.accepted(EventNumber(rawValue: UInt64($0 + 1))) }
                return Committer.Committed(outcome: counts ? .committed(fates) : .refused(refusal), afterwards: {})
            }
            return try #require(made)
        }

        func submit(_ name: String, to committer: Committer) {
            var batch = CommitBatch()
            batch.append(receivedAt: 1, owed: [], attributes: [], body: UnsafeRawBufferPointer(start: nil, count: 0))
            committer.submit(batch) { [self] outcome in
                let word =
                    switch outcome {
                    case .committed: "committed"
                    case .refused: "refused"
                    case .givenUp: "given up"
                    case .partly: "partly"
                    }
                heard.withLock { $0.append((name, word)) }
                told.signal()
            }
        }

        /// Submits a batch, and returns once the disk has it.
        func hang(_ name: String, on committer: Committer) {
            submit(name, to: committer)
            began.wait()
        }

        func pass(_ nanoseconds: Int64) { time.withLock { $0 += nanoseconds } }
        var words: [String] { heard.withLock { $0.map { "\($0.name) \($0.outcome)" } } }
        /// Waits until so many more outcomes were told.
        func wait(for count: Int) { for _ in 0..<count { told.wait() } }
    }

    private let patience = Committer.patienceNanoseconds

    @Test func aCommitThatComesBackInTimeCounts() throws {
        let hanging = Hanging()
        let committer = try hanging.committer()
        hanging.hang("a", on: committer)
        hanging.pass(patience)
        #expect(committer.watch() == 0)
        hanging.gate.signal()
        hanging.wait(for: 1)
        committer.close()
        #expect(hanging.words == ["a committed"])
    }

    @Test func aCommitThatHangsIsGivenUpAndDoesNotCountWhenItEnds() throws {
        let hanging = Hanging()
        let committer = try hanging.committer()
        hanging.hang("a", on: committer)
        hanging.pass(patience + 1)
        #expect(committer.watch() > 4)
        #expect(hanging.words == ["a given up"])
        #expect(committer.watch() > 4)
        #expect(hanging.words == ["a given up"])
        hanging.gate.signal()
        hanging.wait(for: 2)
        committer.close()
        #expect(hanging.words == ["a given up", "a refused"])
        #expect(hanging.commits.withLock { $0.map(\.counts) } == [false])
    }

    @Test func whoeverWaitsBehindADiskThatHangsIsRefusedAndNothingOfItIsWritten() throws {
        let hanging = Hanging()
        let committer = try hanging.committer()
        hanging.hang("a", on: committer)
        hanging.submit("b", to: committer)
        hanging.pass(patience + 1)
        _ = committer.watch()
        hanging.submit("c", to: committer)
        #expect(hanging.words == ["a given up", "b refused", "c refused"])
        #expect(committer.stall?.reason == "the spool's disk has not answered for 4 s")
        hanging.gate.signal()
        hanging.wait(for: 4)
        committer.close()
        #expect(hanging.commits.withLock { $0.count } == 1)
    }

    @Test func whatComesOnceTheDiskAnswersIsTaken() throws {
        let hanging = Hanging()
        let committer = try hanging.committer()
        hanging.hang("a", on: committer)
        hanging.pass(patience + 1)
        _ = committer.watch()
        hanging.gate.signal()
        hanging.wait(for: 2)
        // The thread may not yet have looked for more.
        while committer.stall != nil { sched_yield() }
        #expect(committer.watch() == 0)
        hanging.submit("b", to: committer)
        hanging.gate.signal()
        hanging.wait(for: 1)
        committer.close()
        #expect(hanging.words.last == "b committed")
    }

    /// The writing side of a spool on a disk that tells of its syncs.
    private func commits(on disk: WatchedDisk) throws -> Commits {
        let recovery = try Recovery("/s", on: disk)
        var commits = try Commits(
            recovery, in: "/s", on: disk, settings: SpoolSettings(path: "/s"),
            usage: SpoolUsage(bytes: recovery.bytes), spare: SpareSegment(bytes: recovery.spareBytes), salt: { 7 },
            now: 0)
        commits.start(now: 0)
        return commits
    }

    @Test(arguments: [SimulatedDisk.Survival.nothing, .everything])
    func whatWasGivenUpDuringItsSyncIsNotInTheSpoolWhenThatHasEnded(survival: SimulatedDisk.Survival) throws {
        let disk = WatchedDisk()
        var commits = try commits(on: disk)
        _ = withBatch([NewEvent("one", to: 1)]) { commits.commit($0, now: 0) }
        let claim = CommitClaim()
        disk.tell { _ = claim.giveUp() }
        let given = withBatch([NewEvent("given up", to: 1, dedupe: 9)]) { commits.commit($0, now: 0, claim: claim) }
        #expect(given.outcome.refusal != nil && given.appended == nil)
        #expect(commits.closed == nil, "the next one is taken")
        disk.tell {}
        #expect(withBatch([NewEvent("two", to: 1, dedupe: 9)]) { commits.commit($0, now: 0).outcome }.accepted == [2])
        let left = disk.disk.crash(survival)
        #expect(try bodies(try Recovery("/s", on: left), on: left) == ["one", "two"])
    }

    @Test func whatWasGivenUpBeforeItsTurnIsNotWritten() throws {
        let disk = WatchedDisk()
        var commits = try commits(on: disk)
        let claim = CommitClaim()
        _ = claim.giveUp()
        let before = disk.disk.count(.write)
        let outcome = withBatch([NewEvent("given up", to: 1)]) { commits.commit($0, now: 0, claim: claim).outcome }
        #expect(outcome.refusal != nil)
        #expect(disk.disk.count(.write) == before)
        #expect(commits.closed == nil)
    }
}
