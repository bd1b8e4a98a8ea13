import Synchronization

/// The keys of accepted events, by which a repetition is known. Commits look there and add to it; whoever removes a segment asks which
/// of its keys still count, and must not wait for a disk that a commit is waiting for. From any thread.
final class KnownKeys: Sendable {
    let table = Mutex(DedupeTable())

    /// The keys of these events that still count.
    func keys(of numbers: Range<UInt64>, now: Int64) -> [KeptKey] {
        table.withLock { $0.keys(in: numbers, now: now) }
    }
}
