import Spool
import Synchronization

/// The events whose deliveries are in hand, as they came. May be used from any thread.
///
/// One is in hand for a time only, which is lengthened as the consumer is told of it: past it another relay may have been given it, and,
/// where an order is kept, the next one after it.
final class Bodies: Sendable {
    private struct Entry {
        var payload: [UInt8]
        /// Who needs it, and until when it is theirs, by the steady clock in milliseconds.
        var holders: [QueueID: Int64]
    }

    private let entries = Mutex<[EventNumber: Entry]>([:])

    /// Keeps an event for a queue.
    func keep(_ event: EventNumber, for queue: QueueID, _ payload: [UInt8], until end: Int64) {
        entries.withLock { $0[event, default: Entry(payload: payload, holders: [:])].holders[queue] = end }
    }

    /// Lengthens the time of events that are still the queue's.
    func lengthen(_ events: some Sequence<EventNumber>, for queue: QueueID, now: Int64, until end: Int64) {
        entries.withLock { entries in
            for event in events where entries[event]?.holders[queue].map({ $0 > now }) == true {
                entries[event]?.holders[queue] = end
            }
        }
    }

    /// Lets go of an event that a queue no longer needs.
    func letGo(_ event: EventNumber, for queue: QueueID) {
        entries.withLock {
            guard var entry = $0[event] else { return }
            entry.holders[queue] = nil
            $0[event] = entry.holders.isEmpty ? nil : entry
        }
    }

    /// Lets go of an event whoever needs it.
    func forget(_ event: EventNumber) { entries.withLock { $0[event] = nil } }

    /// An event that is kept.
    /// - Throws: `SpoolError.takenOver` if its time is over.
    func read(_ event: EventNumber, for queue: QueueID, now: Int64) throws(SpoolError) -> [UInt8]? {
        guard let entry = entries.withLock({ $0[event] }) else { return nil }
        if let end = entry.holders[queue], end <= now { throw .takenOver(event) }
        return entry.payload
    }

    /// Whether an event's time is over.
    func isOver(_ event: EventNumber, for queue: QueueID, now: Int64) -> Bool {
        entries.withLock { $0[event]?.holders[queue].map { $0 <= now } ?? false }
    }
}
