import Dispatch
import Platform
import Synchronization

/// Looks after a committer a few times a second: whether the disk hangs. Says so once, and once when it is over. From any thread.
///
/// On a thread of its own: a timer of Dispatch's would wake one of its threads after the other, so that none of them ever rests long
/// enough to go.
final class StallWatch: Sendable {
    private static let periodMilliseconds = 500

    private let committer: Committer
    private let notice: @Sendable (Spool.Notice) -> Void
    private let seconds = Mutex(0.0)
    private let bell = DispatchSemaphore(value: 0)
    private let thread = Mutex<LoopThread?>(nil)

    init(_ committer: Committer, notice: @escaping @Sendable (Spool.Notice) -> Void) {
        self.committer = committer
        self.notice = notice
        let made = LoopThread(name: "watch") { [weak self, bell] in
            let period = DispatchTimeInterval.milliseconds(StallWatch.periodMilliseconds)
            while bell.wait(timeout: .now() + period) == .timedOut {
                guard let self else { return }
                look()
            }
        }
        thread.withLock { $0 = made }
    }

    /// For how long the disk has not answered; 0 unless it hangs.
    var stalledSeconds: Double { seconds.withLock { $0 } }

    func stop() {
        bell.signal()
        thread.withLock { $0.take() }?.join()
    }

    private func look() {
        let now = committer.watch()
        let before = seconds.withLock { seconds in
            defer { seconds = now }
            return seconds
        }
        if now > 0, before == 0 { notice(.stalled) }
        if now == 0, before > 0 { notice(.answering(afterSeconds: before)) }
    }
}
