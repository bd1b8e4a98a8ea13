import CPlatform
import NATS
import Spool

/// What waits for a queue is given up, or goes to another one. All of it blocks.
///
/// The brokers don't say which of a consumer's messages are still owed, so that they are taken as a relay takes them: each is owed to
/// the other queue first, or not at all, then written down as done or given up, and then the consumer is told. Whatever moment that
/// ends at, nothing is lost, and the same command goes on. Those that wait for a retry are not handed out: what is written down tells
/// of them.
extension JetStreamLog {
    /// How long a pull waits for messages, in milliseconds, and for how long none must have come before there are none.
    private static let takeMilliseconds: Int64 = 1_000
    private static let quietMilliseconds: Int64 = 1_300
    private static let takeCount = 256
    /// A retry that is due sooner than this may be in somebody's hand, in milliseconds.
    private static let dueMilliseconds: Int64 = 1_000
    /// For how long what is under way in an order is waited for, in milliseconds: nothing behind it is handed out before.
    private static let patienceMilliseconds: Int64 = 30_000

    /// A queue's deliveries on their way.
    private struct Sweep {
        var queue: QueueID
        /// Where they go; `nil` if they are given up.
        var other: QueueID?
        /// The last message that was there when it began: what came since stays.
        var last: UInt64
        /// Until when it waits for what is under way, by the steady clock.
        var patientUntil: Int64
        /// What was done.
        var done = QueueSweep()
    }

    /// Who hears of deliveries before they are given up.
    private typealias Hearer = (_ deliveries: [GivenUpDelivery]) throws(SpoolError) -> Void

    /// A message that goes: what it says is owed, its number, how far it had come, and where its consumer is told.
    private typealias Leaving = (event: EventNumber, message: UInt64, progress: Progress, reply: String)

    /// Owes to one queue what another is owed, but `kept`, and what other relays have under way.
    public func move(_ queue: QueueID, to other: QueueID, except kept: Set<EventNumber>) throws(SpoolError)
        -> QueueSweep
    {
        try sweep(queue, to: other, except: kept) { _ in }
    }

    /// Gives up what a queue is owed, but `kept`, and what other relays have under way.
    public func giveUp(
        _ queue: QueueID, except kept: Set<EventNumber>,
        telling tell: (_ deliveries: [GivenUpDelivery]) throws(SpoolError) -> Void
    ) throws(SpoolError) -> QueueSweep {
        try sweep(queue, to: nil, except: kept, tell)
    }

    private func sweep(
        _ queue: QueueID, to other: QueueID?, except kept: Set<EventNumber>, _ hear: Hearer
    ) throws(SpoolError) -> QueueSweep {
        guard queue != other, let name = board.queues[queue]?.name else { return QueueSweep() }
        // One that is not configured has nobody who works it, and no consumer of ours yet.
        _ = try self.queue(named: name)
        let last = try answer(JetStreamAPI.stream(subjects.eventStream)).number("state", "last_seq")
        var sweep = Sweep(
            queue: queue, other: other, last: last, patientUntil: steady() + JetStreamLog.patienceMilliseconds)
        let hands = TakenMessages()
        empty(queue, except: kept, into: hands, givingUp: other == nil)
        defer { fill(queue, from: hands) }
        repeat { try takeRetries(&sweep, hear) } while try takeNext(&sweep, hands, hear)
        return sweep.done
    }

    /// Takes what waits for a retry.
    private func takeRetries(_ sweep: inout Sweep, _ hear: Hearer) throws(SpoolError) {
        for ids in try deliveries(at: subjects.standings(sweep.queue)).rounds {
            let soon = hs_wall_ms() + JetStreamLog.dueMilliseconds
            let records = try standings(of: ids).values.map(\.record).filter { [last = sweep.last] record in
                record.state == .later && record.message <= last && record.notBefore > soon
            }
            var shares: [UInt64: Share] = [:]
            for (sequence, message) in try messages(
                records.map { .number($0.message) }, of: subjects.eventStream)
            {
                shares[sequence] = board.share(of: sweep.queue, in: message.subject)
            }
            try pass(
                records.compactMap { record in
                    shares[record.message].map {
                        (record.delivery.event, record.message, record.progress, mark(of: record.message, $0).reply)
                    }
                }, &sweep, hear)
            announceEmptying(sweep.queue, givingUp: sweep.other == nil)
        }
    }

    /// Takes what the consumers hand out, until they have nothing more; answers whether there may be more all the same.
    private func takeNext(
        _ sweep: inout Sweep, _ hands: TakenMessages, _ hear: Hearer
    ) throws(SpoolError) -> Bool {
        var isNews = false
        let shares = (board.queues[sweep.queue]?.parts.keys).map { $0.map { Share(sweep.queue, $0) } } ?? []
        for share in shares { take(share.partition == nil ? JetStreamLog.takeCount : 1, of: share) }
        var quietSince = steady()
        while steady() - quietSince < JetStreamLog.quietMilliseconds {
            announceEmptying(sweep.queue, givingUp: sweep.other == nil)
            let taken = hands.take()
            // A partition hands out nothing behind one that stays.
            let again = taken.filter { $0.share.partition == nil || $0.arrival.message <= sweep.last }
            hands.keep(taken.filter { $0.arrival.message > sweep.last })
            for round in taken.filter({ $0.arrival.message <= sweep.last }).rounds {
                try pass(round.map(\.arrival), &sweep, hear)
                (quietSince, isNews) = (steady(), true)
                announceEmptying(sweep.queue, givingUp: sweep.other == nil)
            }
            for (share, some) in Dictionary(grouping: again, by: \.share) { take(some.count, of: share) }
        }
        if isNews { return true }
        return try isLeft(of: shares, sweep)
    }

    /// Whether a consumer has not handed out all messages up to one: without a connection nothing comes.
    private func isLeft(of shares: [Share], _ sweep: Sweep) throws(SpoolError) -> Bool {
        for share in shares {
            let info = try answer(JetStreamAPI.consumer(share.consumer, of: subjects.eventStream))
            let behind = MessagePlace.next(of: subjects.filter(share), after: info.number("delivered", "stream_seq"))
            // Behind what is in somebody's hand a partition hands out nothing.
            let isHeld = share.partition != nil && info.number("num_ack_pending") > 0
            if let next = try message(behind, of: subjects.eventStream), next.sequence <= sweep.last,
                !isHeld || steady() < sweep.patientUntil
            {
                return true
            }
        }
        return false
    }

    /// Takes messages that were handed out, but for those that are not, or no longer, owed.
    private func pass(
        _ arrivals: [Shelf.Arrival], _ sweep: inout Sweep, _ hear: Hearer
    ) throws(SpoolError) {
        let standings = try standings(of: arrivals.map { DeliveryID(event: $0.event, queue: sweep.queue) })
        var leaving: [Leaving] = []
        for arrival in arrivals {
            let last = standings[DeliveryID(event: arrival.event, queue: sweep.queue)]?.record
            let isOver =
                last.map {
                    $0.message > arrival.message
                        || $0.message == arrival.message && ($0.state == .done || $0.state == .failed)
                } ?? false
            if arrival.isOwed && !isOver {
                let progress = last?.message == arrival.message ? last?.progress : arrival.again?.progress
                leaving.append((arrival.event, arrival.message, progress ?? Progress(), arrival.reply))
            } else {
                tell([arrival.reply], .done)
            }
        }
        try pass(leaving, &sweep, hear)
    }

    /// Has messages' deliveries owed to the other queue, if there is one, and to this one no longer.
    private func pass(_ leaving: [Leaving], _ sweep: inout Sweep, _ hear: Hearer) throws(SpoolError) {
        guard !leaving.isEmpty else { return }
        var leaving = leaving.sorted { $0.event < $1.event }
        let all = leaving.map(\.reply)
        if let other = sweep.other {
            let results = try owe(leaving.map { DeliveryID(event: $0.event, queue: other) })
            // Events that are gone, or can't be read, go nowhere.
            leaving.removeAll { results[DeliveryID(event: $0.event, queue: other)] == .noSuchEvent }
        } else {
            try hear(leaving.map { GivenUpDelivery(event: $0.event, progress: $0.progress) })
        }
        var stored: [Stored] = []
        for one in leaving {
            var record = ClusterRecord(
                DeliveryID(event: one.event, queue: sweep.queue), sweep.other == nil ? .failed : .done)
            (record.message, record.progress) = (one.message, one.progress)
            stored.append(Stored(subject: subjects.standing(record.delivery), record: record, id: fresh()))
            guard sweep.other == nil else { continue }
            stored.append(Stored(subject: subjects.failure(record.delivery), record: record, id: fresh()))
        }
        try store(stored)
        tell(all, sweep.other == nil ? .term : .done)
        sweep.done.count += leaving.count
        guard let first = leaving.first?.event, let last = leaving.last?.event else { return }
        sweep.done.first = min(sweep.done.first ?? first, first)
        sweep.done.last = max(sweep.done.last ?? last, last)
    }

    /// Tells the consumers that messages have come to their end.
    private func tell(_ replies: [String], _ what: Acknowledgement) {
        client.perform { [self] in
            var writer = ProtocolWriter()
            for reply in replies { confirm(reply, what, to: &writer) }
            client.send(writer.bytes)
        }
    }

    private func take(_ count: Int, of share: Share) {
        let pull = JetStreamAPI.pull(count, expires: JetStreamLog.takeMilliseconds, heartbeat: 0)
        client.perform { [self] in
            var writer = ProtocolWriter()
            writer.publish(
                JetStreamAPI.next(share.consumer, of: subjects.eventStream),
                reply: "\(client.inbox).m.\(share.consumer)", pull)
            client.send(writer.bytes)
        }
    }
}
