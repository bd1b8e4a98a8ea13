import CPlatform
import Dispatch
import Platform
import Synchronization

/// Commits one batch at a time: on the thread that hands it over, if that saves time; else on a thread of its own, one write and
/// one sync for all batches that gathered while the last one was under way. May be used from any thread.
///
/// To hand over a batch and its fate wakes two threads, which costs as much as a small sync; so a small batch that comes while
/// nothing is under way is committed where it is. Meanwhile its thread, an event loop's, does nothing else. That is right
/// while the disk is quick, and while there is little to be read meanwhile: a larger batch, and every batch for a while
/// after the disk stalled, goes to the thread, and the loop reads on. So a stall freezes a loop once, and not at every batch.
final class Committer: Sendable {
    /// A batch with the one who is told its fate.
    private struct Waiting: Sendable {
        var batch: CommitBatch
        var done: @Sendable (CommitOutcome) -> Void
    }

    /// Whose thread a commit runs on.
    enum Place {
        case caller
        case thread
    }

    /// A commit's fate, and what is to be done about it once those who wait have been told.
    struct Committed {
        var outcome: CommitOutcome
        var afterwards: () -> Void
    }

    private struct Inbox {
        var waiting: [Waiting] = []
        var isCommitting = false
        var isClosed = false
        /// Until when the disk counts as slow, by the monotonic clock.
        var slowUntil: Int64 = 0
    }

    /// The most events that the caller's own thread commits.
    static let smallBatch = 8
    /// A commit that takes longer has met a stall.
    static let stallNanoseconds: Int64 = 3_000_000
    /// For how long a stall keeps commits off the callers' threads.
    static let waryNanoseconds: Int64 = 1_000_000_000

    private let inbox = Mutex(Inbox())
    private let bell = DispatchSemaphore(value: 0)
    private let clock: @Sendable () -> Int64
    private let commit: @Sendable (CommitBatch, Place) -> Committed
    private let thread = Mutex<LoopThread?>(nil)

    /// Starts the thread; `nil` if the process may have no more. `commit` is called for one batch at a time; `clock` is in
    /// nanoseconds since whenever.
    init?(
        clock: @escaping @Sendable () -> Int64 = hs_monotonic_ns,
        _ commit: @escaping @Sendable (CommitBatch, Place) -> Committed
    ) {
        self.clock = clock
        self.commit = commit
        guard let thread = LoopThread(name: "committer", { [self] in run() }) else { return nil }
        self.thread.withLock { $0 = thread }
    }

    /// Hands over a batch. Its fate is told before this returns, or on the committer's thread.
    func submit(_ batch: CommitBatch, _ done: @escaping @Sendable (CommitOutcome) -> Void) {
        let one = Waiting(batch: batch, done: done)
        let isSmall = batch.count <= Committer.smallBatch
        let (isHere, isFirst) = inbox.withLock { inbox in
            if isSmall, !inbox.isCommitting, inbox.waiting.isEmpty, inbox.slowUntil <= clock() {
                inbox.isCommitting = true
                return (true, false)
            }
            inbox.waiting.append(one)
            return (false, inbox.waiting.count == 1 && !inbox.isCommitting)
        }
        if isHere { commitHere(one) } else if isFirst { bell.signal() }
    }

    private func commitHere(_ one: Waiting) {
        commitAll([one], .caller)
        let isAwaited = inbox.withLock { inbox in
            inbox.isCommitting = false
            return !inbox.waiting.isEmpty || inbox.isClosed
        }
        if isAwaited { bell.signal() }
    }

    /// Commits what waits, and ends the thread.
    func close() {
        inbox.withLock { $0.isClosed = true }
        bell.signal()
        thread.withLock { $0 }?.join()
    }

    private func run() {
        while true {
            bell.wait()
            // Whoever commits on a thread of its own rings when that is done.
            while let waiting = next() {
                commitAll(waiting, .thread)
                inbox.withLock { $0.isCommitting = false }
            }
            if inbox.withLock({ $0.isClosed && !$0.isCommitting && $0.waiting.isEmpty }) { return }
        }
    }

    /// What is to be committed now; `nil` if there is nothing, or another thread is at it.
    private func next() -> [Waiting]? {
        inbox.withLock { inbox in
            guard !inbox.isCommitting, !inbox.waiting.isEmpty else { return nil }
            inbox.isCommitting = true
            defer { inbox.waiting = [] }
            return inbox.waiting
        }
    }

    private func commitAll(_ waiting: [Waiting], _ place: Place) {
        var all = waiting[0].batch
        for one in waiting.dropFirst() { all.append(one.batch) }
        let start = clock()
        let committed = commit(all, place)
        let end = clock()
        if end - start > Committer.stallNanoseconds {
            inbox.withLock { $0.slowUntil = end + Committer.waryNanoseconds }
        }
        switch committed.outcome {
        case .committed(let fates):
            var start = 0
            for one in waiting {
                let end = start + one.batch.count
                one.done(waiting.count == 1 ? committed.outcome : .committed(Array(fates[start..<end])))
                start = end
            }
        // A disk takes a batch or does not: `.partly` never comes from it.
        case .refused, .partly: for one in waiting { one.done(committed.outcome) }
        }
        committed.afterwards()
    }
}
