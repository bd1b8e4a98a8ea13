import NATS
import Spool

/// A cluster's events read without a relay, those in the buffer on this machine's disk included: nothing is locked there, and nothing
/// changed but by `erase`. Every call blocks. For one thread.
public final class ClusterReader {
    /// How many messages are asked for at once.
    private static let window: UInt64 = 64

    private let log: JetStreamLog
    private let settings: ClusterSettings

    /// Connects, and looks how far the targets have come.
    /// - Throws: `SpoolError.elsewhere` with the reason.
    public init(_ settings: ClusterSettings) throws(SpoolError) {
        self.settings = settings
        log = try JetStreamLog(lookingAt: settings)
    }

    deinit { log.close() }

    /// An event and how its deliveries stand; `nil` if it is not there.
    public func event(_ number: EventNumber) throws(SpoolError) -> (event: StoredEvent, deliveries: [DeliveryStanding])?
    {
        if let kept = number.inSpool {
            return try buffer()?.event(kept).map { ($0.event.called(number), $0.deliveries) }
        }
        return try log.event(number).map { event throws(SpoolError) in (event, try log.deliveries(of: number)) }
    }

    /// Every event with how its deliveries stand, in order of number; ends early when `take` answers `false`. What can't be
    /// read is told by number and reason.
    public func events(
        unreadable: (EventNumber, SpoolError) -> Void = { _, _ in },
        _ take: (StoredEvent, [DeliveryStanding]) -> Bool
    ) throws(SpoolError) {
        var records: [EventNumber: [QueueID: ClusterRecord]] = [:]
        for round in try log.deliveries(at: log.subjects.standings).rounds {
            for (id, last) in try log.standings(of: round) {
                records[id.event, default: [:]][id.queue] = last.record
            }
        }
        let state = try log.answer(JetStreamAPI.stream(log.subjects.eventStream))
        var next = max(1, state.number("state", "first_seq"))
        let last = state.number("state", "last_seq")
        while next <= last {
            let end = min(last, next + ClusterReader.window - 1)
            let numbers = (next...end).map { EventNumber(rawValue: $0) }
            let found = try log.events(numbers, unreadable: unreadable)
            for number in numbers {
                guard let (event, subject) = found[number] else { continue }
                guard take(event, log.deliveries(of: event, at: subject, records[number] ?? [:])) else { return }
            }
            next = end + 1
        }
        guard settings.isBuffered, let buffer = try buffer() else { return }
        let carried = try Crossing.carried(in: settings.path)
        buffer.events(unreadable: { unreadable($0.shown, $1) }) { event, deliveries in
            event.number <= carried || take(event.called(event.number.shown), deliveries)
        }
    }

    /// Takes events out of the stream: the brokers overwrite them.
    public func erase(_ numbers: [EventNumber]) throws(SpoolError) -> [EventNumber: EraseResult] {
        try log.erase(numbers)
    }

    private func buffer() throws(SpoolError) -> SpoolReader? {
        settings.isBuffered ? try SpoolReader(path: settings.path) : nil
    }
}

extension StoredEvent {
    /// The same event under another number.
    fileprivate func called(_ number: EventNumber) -> StoredEvent {
        var event = self
        event.number = number
        return event
    }
}
