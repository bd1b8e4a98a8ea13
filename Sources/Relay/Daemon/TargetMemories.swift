import Delivery
import Dispatch
import Spool
import Synchronization

/// Keeps in the spool's notebook what is remembered of targets. It writes on a queue of its own, what gathers at once, so
/// that no target waits for the disk. May be used from any thread.
final class TargetMemories: Sendable {
    private static let prefix = "target/"

    private let notebook: Notebook
    private let notice: @Sendable (SpoolError) -> Void
    private let queue = DispatchQueue(label: "hookswitch.memories")
    private let waiting = Mutex<[String: TargetMemory]>([:])

    /// `notice` hears of changes that could not be written; they are written with the next.
    init(_ notebook: Notebook, notice: @escaping @Sendable (SpoolError) -> Void) {
        self.notebook = notebook
        self.notice = notice
    }

    /// What is remembered, by target.
    func all() -> [String: TargetMemory] {
        notebook.notes(under: TargetMemories.prefix).compactMapValues { TargetMemory($0) }
    }

    /// Remembers, soon.
    func remember(_ name: String, _ memory: TargetMemory) {
        let isFirst = waiting.withLock { waiting in
            waiting[name] = memory
            return waiting.count == 1
        }
        if isFirst { queue.async { self.write() } }
    }

    /// Returns when all that was handed over is written.
    func flush() { queue.sync { write() } }

    private func write() {
        let memories = waiting.withLock { waiting in
            defer { waiting = [:] }
            return waiting
        }
        guard !memories.isEmpty else { return }
        var changes: [String: [UInt8]?] = [:]
        for (name, memory) in memories {
            changes.updateValue(memory == TargetMemory() ? nil : memory.bytes, forKey: TargetMemories.prefix + name)
        }
        do throws(SpoolError) { try notebook.change(changes) } catch { notice(error) }
    }
}

/// As a note: version 1, whether the breaker is open, the word given by hand (0 none, 1 wait, 2 go on), and in eight bytes,
/// the lowest first, until when the target is held. A note that ends before it says nothing of a hold.
extension TargetMemory {
    var bytes: [UInt8] {
        [1, isBreakerOpen ? 1 : 0, pausedByHand.map { $0 ? 1 : 2 } ?? 0]
            + (0..<8).map { UInt8(truncatingIfNeeded: heldUntil >> Int64(8 * $0)) }
    }

    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 3, bytes[0] == 1 else { return nil }
        self.init()
        isBreakerOpen = bytes[1] == 1
        pausedByHand = bytes[2] == 0 ? nil : bytes[2] == 1
        if bytes.count >= 11 { heldUntil = bytes[3..<11].reversed().reduce(0) { $0 << 8 | Int64($1) } }
    }
}
