import Spool
import Synchronization

/// The events whose deliveries are in hand, as they came. May be used from any thread.
final class Bodies: Sendable {
    private struct Entry {
        var payload: [UInt8]
        var holders: Set<QueueID>
    }

    private let entries = Mutex<[EventNumber: Entry]>([:])

    /// Keeps an event for a queue.
    func keep(_ event: EventNumber, for queue: QueueID, _ payload: [UInt8]) {
        entries.withLock {
            _ = $0[event, default: Entry(payload: payload, holders: [])].holders.insert(queue)
        }
    }

    /// Lets go of an event that a queue no longer needs.
    func letGo(_ event: EventNumber, for queue: QueueID) {
        entries.withLock {
            guard var entry = $0[event] else { return }
            entry.holders.remove(queue)
            $0[event] = entry.holders.isEmpty ? nil : entry
        }
    }

    /// An event that is kept.
    func read(_ event: EventNumber) -> [UInt8]? { entries.withLock { $0[event]?.payload } }
}
