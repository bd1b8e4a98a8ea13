import Synchronization

/// The one finished segment that waits to be written over: its blocks are there already, so that neither zeros need to
/// be written nor new blocks noted in the file system's journal. May be used from any thread.
///
/// Retention puts a file there, and the next segment takes it; what it holds is of another generation, and so is nothing.
final class SpareSegment: Sendable {
    static let name = "spare.segment"

    private let size: Atomic<Int>

    init(bytes: Int = 0) { size = Atomic(bytes) }

    /// Its size in bytes; 0 if there is none.
    var bytes: Int { size.load(ordering: .acquiring) }

    /// Notes that a file was put there.
    func put(_ bytes: Int) { size.store(bytes, ordering: .releasing) }

    /// Takes it, and answers its size: 0 if there is none.
    func take() -> Int { size.exchange(0, ordering: .acquiringAndReleasing) }
}
