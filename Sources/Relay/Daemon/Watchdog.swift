import Dispatch
import Synchronization

/// Tells the service manager that the relay lives, as long as each of its loops comes round. If one hangs it is silent, and
/// the manager starts the relay anew. Its state may be touched from any thread.
final class Watchdog: Sendable {
    /// Has something done by a loop, soon.
    typealias Loop = @Sendable (@escaping @Sendable () -> Void) -> Void

    private let loops: [Loop]
    private let beat: @Sendable () -> Void
    private let queue = DispatchQueue(label: "hookswitch.watchdog")
    /// How many loops have not come round yet since they were asked.
    private let missing = Atomic(0)

    init(_ loops: [Loop], beat: @escaping @Sendable () -> Void) {
        self.loops = loops
        self.beat = beat
    }

    /// Begins, three times as often as the manager wants to hear. It goes on until the process ends.
    func start(within limit: Duration) { next(every: limit / 3) }

    /// Asks all loops; once the last of them has come round, that is told. While one is missing, none is asked again.
    func round() {
        guard missing.compareExchange(expected: 0, desired: loops.count, ordering: .relaxed).exchanged else { return }
        for loop in loops {
            loop { [self] in
                if missing.subtract(1, ordering: .relaxed).newValue == 0 { beat() }
            }
        }
    }

    private func next(every interval: Duration) {
        round()
        queue.asyncAfter(deadline: .now() + .nanoseconds(Int(interval / .nanoseconds(1)))) {
            self.next(every: interval)
        }
    }
}
