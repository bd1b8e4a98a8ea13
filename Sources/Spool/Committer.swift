import CPlatform
import Dispatch
import Platform
import Synchronization

/// Commits on a thread of its own, one write and one sync for all batches that gathered while the last one was under way. May be used
/// from any thread.
///
/// To commit on the thread that hands a batch over would save the waking of two threads, as long as a small sync; but a disk
/// that hangs would then hang an event loop with all its connections, and nobody could tell their senders anything.
///
/// A disk that hangs: a commit that takes longer than `patience` is given up. Those who wait for it are told so, and so is everybody
/// who waits behind it, or comes until it has ended. When it ends after all, it does not count.
final class Committer: Sendable {
    /// A batch with the one who is told its fate.
    private struct Waiting: Sendable {
        var batch: CommitBatch
        var done: @Sendable (CommitOutcome) -> Void
    }

    /// What is with the disk.
    private struct UnderWay: Sendable {
        var waiting: [Waiting]
        var claim: CommitClaim
        var since: Int64
    }

    /// A commit's fate, and what is to be done about it once those who wait have been told.
    struct Committed {
        var outcome: CommitOutcome
        var afterwards: () -> Void
    }

    private struct Inbox {
        var waiting: [Waiting] = []
        var underWay: UnderWay?
        var isClosed = false
        /// Why nothing is taken: the disk hangs.
        var stall: CommitRefusal?
    }

    /// How long a commit may take, in nanoseconds. Who comes just behind one that takes as long waits twice that, and no longer.
    static let patienceNanoseconds: Int64 = 4_000_000_000

    private let inbox = Mutex(Inbox())
    private let bell = DispatchSemaphore(value: 0)
    private let clock: @Sendable () -> Int64
    private let commit: @Sendable (CommitBatch, CommitClaim) -> Committed
    private let thread = Mutex<LoopThread?>(nil)
    /// Held while those whose commit is given up are told: what it came to is told behind that.
    private let giving = Mutex(())

    /// Starts the thread; `nil` if the process may have no more. `commit` is called for one batch at a time, and asks its claim whether
    /// it counts before it says so; `clock` is in nanoseconds since whenever.
    init?(
        clock: @escaping @Sendable () -> Int64 = hs_monotonic_ns,
        _ commit: @escaping @Sendable (CommitBatch, CommitClaim) -> Committed
    ) {
        self.clock = clock
        self.commit = commit
        guard let thread = LoopThread(name: "committer", { [self] in run() }) else { return nil }
        self.thread.withLock { $0 = thread }
    }

    /// Hands over a batch. Its fate is told on the committer's thread; at once, if the disk hangs.
    func submit(_ batch: CommitBatch, _ done: @escaping @Sendable (CommitOutcome) -> Void) {
        let (stall, isFirst) = inbox.withLock { inbox in
            if inbox.stall == nil { inbox.waiting.append(Waiting(batch: batch, done: done)) }
            return (inbox.stall, inbox.waiting.count == 1 && inbox.underWay == nil)
        }
        if let stall { return done(.refused(stall)) }
        if isFirst { bell.signal() }
    }

    /// Looks whether the disk hangs; answers for how many seconds it has, 0 if it does not. To be called a few times a second.
    func watch() -> Double { giving.withLock { _ in watchNow() } }

    private func watchNow() -> Double {
        let now = clock()
        var given: [Waiting] = []
        var refused: [Waiting] = []
        let stall = inbox.withLock { inbox -> (refusal: CommitRefusal, nanoseconds: Int64)? in
            guard let underWay = inbox.underWay, now - underWay.since > Committer.patienceNanoseconds else {
                return nil
            }
            let nanoseconds = now - underWay.since
            let refusal = CommitRefusal(
                reason: "the spool's disk has not answered for \(nanoseconds / 1_000_000_000) s",
                retryAfterSeconds: Commits.retryAfterSeconds)
            inbox.stall = refusal
            if underWay.claim.giveUp() { given = underWay.waiting }
            refused = inbox.waiting
            inbox.waiting = []
            return (refusal, nanoseconds)
        }
        guard let stall else { return 0 }
        // The disk may still be reading these bodies; what only waited for it, it has never seen.
        for one in given { one.done(.givenUp(stall.refusal)) }
        for one in refused { one.done(.refused(stall.refusal)) }
        return Double(stall.nanoseconds) / 1e9
    }

    /// Why nothing is taken, while the disk hangs.
    var stall: CommitRefusal? { inbox.withLock { $0.stall } }

    /// Commits what waits, and ends the thread.
    func close() {
        inbox.withLock { $0.isClosed = true }
        bell.signal()
        thread.withLock { $0 }?.join()
    }

    private func run() {
        while true {
            bell.wait()
            while let underWay = next() { commitAll(underWay) }
            if inbox.withLock({ $0.isClosed && $0.waiting.isEmpty }) { return }
        }
    }

    /// What is to be committed now; `nil` if there is nothing.
    private func next() -> UnderWay? {
        inbox.withLock { inbox in
            inbox.underWay = nil
            inbox.stall = nil
            guard !inbox.waiting.isEmpty else { return nil }
            // Those that may use what is kept free go by themselves: they would be refused with the others.
            let isOwn = inbox.waiting[0].batch.isOwn
            let count = inbox.waiting.firstIndex { $0.batch.isOwn != isOwn } ?? inbox.waiting.count
            let underWay = UnderWay(
                waiting: Array(inbox.waiting.prefix(count)), claim: CommitClaim(), since: clock())
            inbox.underWay = underWay
            inbox.waiting.removeFirst(count)
            return underWay
        }
    }

    private func commitAll(_ underWay: UnderWay) {
        let waiting = underWay.waiting
        var all = waiting[0].batch
        for one in waiting.dropFirst() { all.append(one.batch) }
        let committed = commit(all, underWay.claim)
        switch committed.outcome {
        case .committed(let fates):
            var start = 0
            for one in waiting {
                let end = start + one.batch.count
                one.done(waiting.count == 1 ? committed.outcome : .committed(Array(fates[start..<end])))
                start = end
            }
        // A disk takes a batch or does not: `.partly` never comes from it.
        case .refused, .givenUp, .partly:
            giving.withLock { _ in }
            for one in waiting { one.done(committed.outcome) }
        }
        committed.afterwards()
    }
}
