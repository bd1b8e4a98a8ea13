import Synchronization

/// How much the spool takes on disk: commits add, retention takes away, from different threads.
final class SpoolUsage: Sendable {
    private let value: Atomic<Int>

    init(bytes: Int) { value = Atomic(bytes) }

    var bytes: Int { value.load(ordering: .relaxed) }

    func add(_ bytes: Int) { value.add(bytes, ordering: .relaxed) }
    func remove(_ bytes: Int) { value.subtract(bytes, ordering: .relaxed) }
}
