import NATS
import Spool

/// What consumers hand out, and how it stays in hand. On the client's thread.
extension JetStreamLog {
    /// A pull of a consumer's came to something else than a message.
    func pullSaid(_ message: Message, _ share: Share, _ generation: Int) {
        guard generation == entries[share.queue]?[share]?.generation else { return }
        switch message.status {
        case 100: decide(share) { shelf, _ in shelf.heard(now: steady()) }
        case let status?:
            if let left = message.headers?["Nats-Pending-Messages"].flatMap({ Int($0) }) {
                decide(share) { $0.pullEnded(left, now: steady(), &$1) }
            } else if status != 503 {
                // A leader that changes, a server that stops: what was asked for is forgotten there.
                decide(share) { $0.renew(now: steady(), &$1) }
            }
        case nil: return
        }
    }

    /// For how long what comes may be late once the process goes on that was frozen, in milliseconds.
    private static let lateMilliseconds: Int64 = 1_000

    /// Takes note that this thread is awake. What has come while it was frozen may have been given to another relay by now: nothing is
    /// said of it, and if it is still this one's it comes again.
    func stayAwake(now: Int64) {
        if awakeAt > 0, now - awakeAt > settings.ackWait.wholeMilliseconds * 3 / 4 {
            lateUntil = now + JetStreamLog.lateMilliseconds
        }
        awakeAt = now
    }

    /// A consumer handed out a message.
    func arrived(_ message: Message, _ reply: String, _ mark: DeliveryMark, for share: Share) {
        let now = steady()
        stayAwake(now: now)
        guard now >= lateUntil else { return decide(share) { $0.passOver(now: now, &$1) } }
        let queue = share.queue
        var arrival = Shelf.Arrival(
            reply: reply, message: mark.sequence, isRepeated: mark.deliveries > 1,
            event: EventNumber(rawValue: mark.sequence), isOwed: false)
        let isEvent = message.subject.hasPrefix(subjects.eventPrefix)
        if isEvent {
            arrival.isOwed = message.payload.withUnsafeBytes { EventPayload($0)?.owed.contains(queue) ?? false }
        } else if let record = ClusterRecord(message.payload) {
            arrival.event = record.delivery.event
            arrival.isOwed = record.delivery.queue == queue
            arrival.again = record
        }
        if let taker = takers[queue], entries[queue]?.holds(arrival.event) != true {
            return taker.put(arrival, of: share)
        }
        if entries[queue]?.holds(arrival.event, besides: share) == true {
            return decide(share) { $0.putOff(arrival, now: steady(), &$1) }
        }
        // Before anything is handed out, so that it can be read at once.
        if isEvent && arrival.isOwed {
            bodies.keep(arrival.event, for: queue, message.payload, until: ownedUntil())
        }
        decide(share) { $0.arrived(arrival, now: steady(), &$1) }
        if entries[queue]?.holds(arrival.event) != true { bodies.letGo(arrival.event, for: queue) }
    }

    /// Until when what is in hand is surely no other relay's, unless the consumer hears of it meanwhile.
    func ownedUntil() -> Int64 { steady() + settings.ackWait.wholeMilliseconds * 3 / 4 }

    /// Says of what is in hand that it is being worked on.
    func keepAlive(_ share: Share, now: Int64) {
        guard let held = entries[share.queue]?[share]?.held, !held.isEmpty else { return }
        decide(share) { $0.keepAlive(&$1) }
        bodies.lengthen(held.keys, for: share.queue, now: now, until: ownedUntil())
    }
}
