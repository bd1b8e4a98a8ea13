import Dispatch
import Platform
import Synchronization

/// A thread that commits what gathers while it is busy: one write and one sync for all batches that wait.
///
/// While the disk syncs, whoever hands over batches goes on. May be used from any thread.
final class Committer: Sendable {
    /// A batch with the one who is told its fate.
    private struct Waiting: Sendable {
        var batch: CommitBatch
        var done: @Sendable (CommitOutcome) -> Void
    }

    /// A commit's fate, and what is to be done about it once those who wait have been told.
    struct Committed {
        var outcome: CommitOutcome
        var afterwards: () -> Void
    }

    private struct Inbox {
        var waiting: [Waiting] = []
        var isClosed = false
    }

    private let inbox = Mutex(Inbox())
    private let bell = DispatchSemaphore(value: 0)
    private let commit: @Sendable (CommitBatch) -> Committed
    private let thread = Mutex<LoopThread?>(nil)

    /// Starts the thread; `nil` if the process may have no more. `commit` is called on it, one batch at a time.
    init?(_ commit: @escaping @Sendable (CommitBatch) -> Committed) {
        self.commit = commit
        guard let thread = LoopThread(name: "committer", { [self] in run() }) else { return nil }
        self.thread.withLock { $0 = thread }
    }

    /// Hands over a batch; its fate is told on the committer's thread.
    func submit(_ batch: CommitBatch, _ done: @escaping @Sendable (CommitOutcome) -> Void) {
        let isFirst = inbox.withLock { inbox in
            inbox.waiting.append(Waiting(batch: batch, done: done))
            return inbox.waiting.count == 1
        }
        if isFirst { bell.signal() }
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
            let (waiting, isClosed) = inbox.withLock { inbox in
                defer { inbox.waiting = [] }
                return (inbox.waiting, inbox.isClosed)
            }
            if !waiting.isEmpty { commitAll(waiting) }
            if isClosed { return }
        }
    }

    private func commitAll(_ waiting: [Waiting]) {
        var all = waiting[0].batch
        for one in waiting.dropFirst() { all.append(one.batch) }
        let committed = commit(all)
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
