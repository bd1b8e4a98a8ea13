import Dispatch
import Spool
import Synchronization

/// A batch's fates on their way from the client's thread to one that waits for all of them.
final class WaitedFates: Sendable {
    private let fates: Mutex<[Fate?]>
    private let bell = DispatchSemaphore(value: 0)

    init(count: Int) { fates = Mutex(Array(repeating: nil, count: count)) }

    /// Takes note of what became of some events, or all.
    func note(_ outcome: CommitOutcome) {
        let isWhole = fates.withLock { fates in
            switch outcome {
            case .committed(let all): for (place, fate) in all.enumerated() { fates[place] = fate }
            case .partly(let some): for (place, fate) in some { fates[place] = fate }
            // The bodies are still being read: it is told again.
            case .givenUp: return false
            case .refused(let refusal): for place in fates.indices { fates[place] = .refused(refusal) }
            }
            return !fates.contains { $0 == nil }
        }
        if isWhole { bell.signal() }
    }

    /// All of them, in the batch's order.
    func wait() -> [Fate] {
        bell.wait()
        return fates.withLock { $0.compactMap(\.self) }
    }
}
