import Dispatch
import Synchronization
import Testing

@testable import Spool

/// On whose thread the committer commits. The commits here wait at a gate, or take as long as a clock says.
struct CommitPlaceTests {
    /// What the committer committed, and where.
    private final class Record: Sendable {
        private let commits = Mutex<[(count: Int, place: Committer.Place)]>([])
        let time = Mutex<Int64>(0)
        /// What the next commit takes, in nanoseconds.
        let takes = Mutex<Int64>(0)
        let began = DispatchSemaphore(value: 0)
        let gate = DispatchSemaphore(value: 0)
        let isGated: Bool

        init(isGated: Bool = false) { self.isGated = isGated }

        func committer() throws -> Committer {
            let made = Committer(clock: { [self] in time.withLock { $0 } }) { [self] batch, place in
                began.signal()
                if isGated { gate.wait() }
                time.withLock { $0 += takes.withLock { $0 } }
                commits.withLock { $0.append((batch.count, place)) }
                let fates = (0..<batch.count).map { Fate.accepted(EventNumber(rawValue: UInt64($0 + 1))) }
                return Committer.Committed(outcome: .committed(fates), afterwards: {})
            }
            return try #require(made)
        }

        var counts: [Int] { commits.withLock { $0.map(\.count) } }
        var places: [Committer.Place] { commits.withLock { $0.map(\.place) } }
    }

    /// Hands over so many events and waits for their fate.
    private func commit(_ count: Int, by committer: Committer) {
        let isDone = DispatchSemaphore(value: 0)
        committer.submit(CommitPlaceTests.batch(count)) { _ in isDone.signal() }
        isDone.wait()
    }

    private static func batch(_ count: Int) -> CommitBatch {
        var batch = CommitBatch()
        for _ in 0..<count {
            batch.append(receivedAt: 1, owed: [], attributes: [], body: UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return batch
    }

    @Test func aSmallBatchIsCommittedOnTheCallersThreadAndALargeOneIsNot() throws {
        let record = Record()
        let committer = try record.committer()
        commit(1, by: committer)
        commit(Committer.smallBatch, by: committer)
        commit(Committer.smallBatch + 1, by: committer)
        committer.close()
        #expect(record.places == [.caller, .caller, .thread])
    }

    @Test func whatComesWhileACallerCommitsGathersAndIsCommittedTogetherByTheThread() throws {
        let record = Record(isGated: true)
        let committer = try record.committer()
        let answered = DispatchGroup()
        answered.enter()
        DispatchQueue.global().async { committer.submit(CommitPlaceTests.batch(1)) { _ in answered.leave() } }
        record.began.wait()
        for count in [2, 3] {
            answered.enter()
            committer.submit(CommitPlaceTests.batch(count)) { outcome in
                #expect(outcome.accepted.count == count)
                answered.leave()
            }
        }
        record.gate.signal()
        record.gate.signal()
        answered.wait()
        committer.close()
        #expect(record.counts == [1, 5])
        #expect(record.places == [.caller, .thread])
    }

    @Test func afterAStallCommitsKeepOffTheCallersThreadForAWhile() throws {
        let record = Record()
        let committer = try record.committer()
        record.takes.withLock { $0 = Committer.stallNanoseconds + 1 }
        commit(1, by: committer)
        record.takes.withLock { $0 = Committer.stallNanoseconds }
        commit(1, by: committer)
        #expect(record.places == [.caller, .thread])
        record.time.withLock { $0 += Committer.waryNanoseconds }
        // The thread may not yet be done with what it has answered: then what comes waits for it.
        let deadline = ContinuousClock.now + .seconds(60)
        while record.places.last == .thread && ContinuousClock.now < deadline { commit(1, by: committer) }
        committer.close()
        #expect(record.places.last == .caller)
    }

    @Test func closingWaitsForTheCallerThatCommitsAndForWhatGathered() throws {
        let record = Record(isGated: true)
        let committer = try record.committer()
        let isClosed = DispatchSemaphore(value: 0)
        DispatchQueue.global().async { committer.submit(CommitPlaceTests.batch(1)) { _ in } }
        record.began.wait()
        let isAnswered = DispatchSemaphore(value: 0)
        committer.submit(CommitPlaceTests.batch(2)) { _ in isAnswered.signal() }
        DispatchQueue.global().async {
            committer.close()
            isClosed.signal()
        }
        record.gate.signal()
        record.gate.signal()
        isAnswered.wait()
        isClosed.wait()
        #expect(record.counts == [1, 2])
    }
}
