import Synchronization

/// What the door has taken and refused since the start. Counted by the loops, read by anyone.
public final class AcceptanceCounters: Sendable {
    private let acceptedCount = Atomic(0)
    private let duplicateCount = Atomic(0)
    private let refusedCount = Atomic(0)

    /// Nothing yet.
    public init() {}

    /// Events answered 202.
    public var accepted: Int { acceptedCount.load(ordering: .relaxed) }
    /// Repetitions answered 202.
    public var duplicates: Int { duplicateCount.load(ordering: .relaxed) }
    /// Requests refused.
    public var refused: Int { refusedCount.load(ordering: .relaxed) }

    func countAccepted() { acceptedCount.add(1, ordering: .relaxed) }
    func countDuplicate() { duplicateCount.add(1, ordering: .relaxed) }
    func countRefused() { refusedCount.add(1, ordering: .relaxed) }
}
