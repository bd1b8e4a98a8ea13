import CPlatform
import NATS
import Spool

/// What waits for one queue goes to another. All of it blocks.
///
/// The brokers don't say which of a consumer's messages are still owed, so that they are taken as a relay takes them: each is owed to
/// the other queue first, then written down as done here, then acknowledged. Whatever moment that ends at, nothing is lost, and the
/// same command goes on. Those that wait for a retry are not handed out: what is written down tells of them.
extension JetStreamLog {
    /// How long a pull waits for messages, in milliseconds, and for how long none must have come before there are none.
    private static let takeMilliseconds: Int64 = 1_000
    private static let quietMilliseconds: Int64 = 1_300
    private static let takeCount = 256
    /// A retry that is due sooner than this may be in somebody's hand, in milliseconds.
    private static let dueMilliseconds: Int64 = 1_000

    /// One queue's deliveries on their way to another.
    private struct Move {
        var queue: QueueID
        var other: QueueID
        /// The last message that was there when it began: what came since stays.
        var last: UInt64
        /// What is under way here.
        var kept: Set<EventNumber>
        var sweep = QueueSweep()
    }

    /// A message that goes: what it says is owed, its number, and where it is acknowledged.
    private typealias Leaving = (event: EventNumber, message: UInt64, reply: String)

    /// Owes to one queue what another is owed, but `kept`, and what other relays have under way.
    public func move(_ queue: QueueID, to other: QueueID, except kept: Set<EventNumber>) throws(SpoolError)
        -> QueueSweep
    {
        guard queue != other, let name = board.queues[queue]?.name else { return QueueSweep() }
        // One that is not configured has nobody who works it, and no consumer of ours yet.
        _ = try self.queue(named: name)
        let last = try answer(JetStreamAPI.stream(subjects.eventStream)).number("state", "last_seq")
        var move = Move(queue: queue, other: other, last: last, kept: kept)
        let hands = TakenMessages()
        empty(queue, except: kept, into: hands)
        defer { fill(queue, from: hands) }
        repeat { try moveRetries(&move) } while try moveNext(&move, hands)
        return move.sweep
    }

    /// Moves what waits for a retry.
    private func moveRetries(_ move: inout Move) throws(SpoolError) {
        for ids in try deliveries(at: subjects.standings(move.queue)).rounds {
            let soon = hs_wall_ms() + JetStreamLog.dueMilliseconds
            let records = try standings(of: ids).values.filter { [move] record in
                record.state == .later && record.message <= move.last && record.notBefore > soon
                    && !move.kept.contains(record.delivery.event)
            }
            var shares: [UInt64: Share] = [:]
            for (sequence, message) in try messages(
                records.map { .number($0.message) }, of: subjects.eventStream)
            {
                shares[sequence] = board.share(of: move.queue, in: message.subject)
            }
            try pass(
                records.compactMap { record in
                    shares[record.message].map {
                        (record.delivery.event, record.message, mark(of: record.message, $0).reply)
                    }
                }, &move)
            announceEmptying(move.queue)
        }
    }

    /// Moves what the consumers hand out, until they have nothing more; answers whether there may be more all the same.
    private func moveNext(_ move: inout Move, _ hands: TakenMessages) throws(SpoolError) -> Bool {
        var isNews = false
        let shares = (board.queues[move.queue]?.parts.keys).map { $0.map { Share(move.queue, $0) } } ?? []
        for share in shares { take(share.partition == nil ? JetStreamLog.takeCount : 1, of: share) }
        var quietSince = steady()
        while steady() - quietSince < JetStreamLog.quietMilliseconds {
            let taken = hands.take()
            // A partition hands out nothing behind one that stays.
            let again = taken.filter { $0.share.partition == nil || $0.arrival.message <= move.last }
            hands.keep(taken.filter { $0.arrival.message > move.last })
            for round in taken.filter({ $0.arrival.message <= move.last }).rounds {
                try moveTaken(round.map(\.arrival), &move)
                (quietSince, isNews) = (steady(), true)
                announceEmptying(move.queue)
            }
            for (share, some) in Dictionary(grouping: again, by: \.share) { take(some.count, of: share) }
        }
        if isNews { return true }
        return try isLeft(of: shares, upTo: move.last)
    }

    /// Whether a consumer has not handed out all messages up to one: without a connection nothing comes.
    private func isLeft(of shares: [Share], upTo last: UInt64) throws(SpoolError) -> Bool {
        for share in shares {
            let info = try answer(JetStreamAPI.consumer(share.consumer, of: subjects.eventStream))
            let behind = MessagePlace.next(of: subjects.filter(share), after: info.number("delivered", "stream_seq"))
            if let next = try message(behind, of: subjects.eventStream), next.sequence <= last,
                info.number("num_ack_pending") == 0 || share.partition == nil
            {
                return true
            }
        }
        return false
    }

    /// Moves messages that were handed out, but for those that are not, or no longer, owed.
    private func moveTaken(_ arrivals: [Shelf.Arrival], _ move: inout Move) throws(SpoolError) {
        let standings = try standings(of: arrivals.map { DeliveryID(event: $0.event, queue: move.queue) })
        var leaving: [Leaving] = []
        for arrival in arrivals {
            let last = standings[DeliveryID(event: arrival.event, queue: move.queue)]
            let isOver =
                last.map {
                    $0.message > arrival.message
                        || $0.message == arrival.message && ($0.state == .done || $0.state == .failed)
                } ?? false
            if arrival.isOwed && !isOver {
                leaving.append((arrival.event, arrival.message, arrival.reply))
            } else {
                acknowledge([arrival.reply])
            }
        }
        try pass(leaving, &move)
    }

    /// Has messages' deliveries owed to the other queue, and to this one no longer.
    private func pass(_ leaving: [Leaving], _ move: inout Move) throws(SpoolError) {
        guard !leaving.isEmpty else { return }
        let leaving = leaving.sorted { $0.event < $1.event }
        let results = try owe(leaving.map { DeliveryID(event: $0.event, queue: move.other) })
        try store(
            leaving.map { one in
                var record = ClusterRecord(DeliveryID(event: one.event, queue: move.queue), .done)
                record.message = one.message
                return Stored(subject: subjects.standing(record.delivery), record: record, id: fresh())
            })
        acknowledge(leaving.map(\.reply))
        for one in leaving {
            let result = results[DeliveryID(event: one.event, queue: move.other)]
            guard result == .reopened || result == .wasOwed else { continue }
            move.sweep.count += 1
            move.sweep.first = min(move.sweep.first ?? one.event, one.event)
            move.sweep.last = max(move.sweep.last ?? one.event, one.event)
        }
    }

    /// Tells the consumers of messages that are done.
    private func acknowledge(_ replies: [String]) {
        client.perform { [self] in
            var writer = ProtocolWriter()
            for reply in replies { confirm(reply, to: &writer) }
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
