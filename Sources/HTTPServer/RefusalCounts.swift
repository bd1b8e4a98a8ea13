import Synchronization

/// How often a loop has answered with a status of 400 and above, by status. May be used from any thread.
public final class RefusalCounts: Sendable {
    private let counts = Mutex<[Int: Int]>([:])

    init() {}

    /// Counts an answer if it is a refusal: whatever takes a request takes no lock here.
    func count(_ status: Int) {
        guard status >= 400 else { return }
        counts.withLock { $0[status, default: 0] += 1 }
    }

    /// The counts at this moment.
    public var byStatus: [Int: Int] { counts.withLock { $0 } }
}
