import Dispatch
import Synchronization

// Unchecked: Dispatch's timer, which says nothing of itself, is set up here and only cancelled later.
/// Looks after a committer a few times a second: whether the disk hangs. Says so once, and once when it is over. From any thread.
final class StallWatch: @unchecked Sendable {
    private static let periodMilliseconds = 500

    private let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "hookswitch.spool.watch"))
    private let seconds = Mutex(0.0)

    init(_ committer: Committer, notice: @escaping @Sendable (Spool.Notice) -> Void) {
        let period = DispatchTimeInterval.milliseconds(StallWatch.periodMilliseconds)
        timer.schedule(deadline: .now() + period, repeating: period, leeway: .milliseconds(100))
        timer.setEventHandler { [weak self] in
            guard let self else { return }
            let now = committer.watch()
            let before = seconds.withLock { seconds in
                defer { seconds = now }
                return seconds
            }
            if now > 0, before == 0 { notice(.stalled) }
            if now == 0, before > 0 { notice(.answering(afterSeconds: before)) }
        }
        timer.activate()
    }

    /// For how long the disk has not answered; 0 unless it hangs.
    var stalledSeconds: Double { seconds.withLock { $0 } }

    func stop() { timer.cancel() }
}
