import CPlatform
import Dispatch
import NATS
import Spool
import Synchronization

/// Carries what the cluster holds into a local spool: first the events, in the stream's order, then what is owed of them, as a relay
/// gets it whose every target is that spool, with how far each schedule has come; then the cluster holds nothing of it any more.
///
/// Whatever moment it ends at, it can be begun again: the spool knows by a key which of the stream's messages it has. Relays that
/// still run share in what is owed, and keep what is in their hands. Owned by one thread; it blocks.
public final class Landing {
    /// For how long the spool knows what it has, in milliseconds.
    private static let keyMilliseconds: Int64 = 30 * 86_400_000
    private static let roundCount = 256
    private static let roundBytes = 4 << 20
    private static let pauseMilliseconds = 200

    private let log: JetStreamLog
    private let spool: Spool
    /// When the stream was made: what tells its messages from those of one that had its name before.
    private let made: String
    /// The queues here, by those of the cluster, and those of the cluster.
    private var queues: [QueueID: QueueID] = [:]
    private let hands = Hands()
    /// What was carried because it is written down: it is so until all of it leaves the cluster.
    private var noted: Set<DeliveryID> = []
    /// What was done since it was made.
    public private(set) var tally = Crossing.Tally()

    /// Begins, or goes on.
    public init(from log: JetStreamLog, to spool: Spool) throws(SpoolError) {
        self.log = log
        self.spool = spool
        made = try log.answer(JetStreamAPI.stream(log.subjects.eventStream)).root[key: "created"]?.string ?? ""
        for (queue, known) in log.board.queues {
            queues[queue] = try spool.queue(named: known.name)
            _ = try log.queue(named: known.name)
        }
    }

    /// Carries everything; `progress` hears of events and deliveries done, and of how many there are if that is known.
    /// - Throws: `SpoolError.elsewhere` if the brokers don't answer, or other relays have deliveries in hand.
    public func run(_ progress: (_ done: Int, _ of: Int?) -> Void) throws(SpoolError) {
        var end = EventNumber(rawValue: 0)
        let events = log.board.status.events
        repeat {
            try carryEvents(&end) { progress($0, max(events, $0)) }
            try carryOwed { progress(tally.events + $0, nil) }
            try carryPartitions()
            try carryStandings()
        } while try !empty(end)
    }

    /// Carries the events behind `end`.
    private func carryEvents(_ end: inout EventNumber, _ progress: (Int) -> Void) throws(SpoolError) {
        while true {
            var events: [StoredEvent] = []
            var bytes = 0
            while events.count < Landing.roundCount, bytes < Landing.roundBytes,
                let event = try log.next(after: events.last?.number ?? end)
            {
                events.append(event)
                bytes += event.body.count + event.attributes.count
            }
            guard let last = events.last else { return }
            _ = try land(events)
            end = last.number
            tally.events += events.count
            progress(tally.events)
        }
    }

    /// Makes events durable here, unless they are; answers their numbers here.
    private func land(_ events: [StoredEvent]) throws(SpoolError) -> [EventNumber] {
        let now = hs_wall_ms()
        var batch = CommitBatch()
        let bodies = LentBodies(count: events.reduce(0) { $0 + $1.body.count })
        defer { withExtendedLifetime(bodies) {} }
        for event in events {
            batch.append(
                receivedAt: event.receivedAt, owed: [], attributes: event.attributes,
                body: bodies.lend(event.body),
                dedupe: DedupeKey(hash: try key(of: event.number), until: now + Landing.keyMilliseconds))
        }
        let waited = WaitedFates(count: events.count)
        spool.commit(batch) { waited.note($0) }
        var numbers: [EventNumber] = []
        var keys: [(key: DedupeKey, event: EventNumber)] = []
        for (event, fate) in zip(events, waited.wait()) {
            switch fate {
            case .accepted(let number):
                numbers.append(number)
                if let key = event.dedupe, key.until > now { keys.append((key, number)) }
            case .duplicate(let number): numbers.append(number)
            case .refused(let refusal): throw .elsewhere(reason: refusal.reason)
            }
        }
        try spool.keep(keys)
        return numbers
    }

    private func key(of event: EventNumber) throws(SpoolError) -> SIMD2<UInt64> {
        let sum = Consignment.sum(of: Array("\(log.settings.name) \(made)".utf8), with: event.rawValue)
        guard let sum else { throw .elsewhere(reason: "there is no memory for a hash") }
        return sum
    }

    /// Takes all that the consumers hand out, until they have nothing more.
    private func carryOwed(_ progress: (Int) -> Void) throws(SpoolError) {
        for queue in queues.keys {
            log.attach(queue, order: .whenDue, to: Hands.Receiver(queue: queue, hands: hands))
            log.request(queue, count: Landing.roundCount)
        }
        defer { for queue in queues.keys { log.detach(queue) } }
        var quietSince = log.steady()
        while true {
            let taken = hands.take(within: Landing.pauseMilliseconds)
            if !taken.isEmpty {
                quietSince = log.steady()
                try take(taken)
                for (queue, some) in Dictionary(grouping: taken, by: \.queue) { log.request(queue, count: some.count) }
                progress(tally.deliveries)
                continue
            }
            let held = try heldElsewhere()
            if held == 0 { return }
            guard log.steady() - quietSince < 2 * log.settings.ackWait.wholeMilliseconds + 5_000 else {
                throw .elsewhere(
                    reason:
                        "\(held) deliveries are in the hands of relays that run: stop them, and go on with the same command"
                )
            }
        }
    }

    private func take(_ taken: [Hands.Taken]) throws(SpoolError) {
        var events: [StoredEvent] = []
        for taken in taken { events.append(try log.read(taken.delivery.position)) }
        let numbers = try land(events)
        try owe(
            zip(taken, numbers).compactMap { taken, number in
                queues[taken.queue].map {
                    (
                        DeliveryID(event: number, queue: $0), taken.delivery.progress,
                        .later(notBefore: taken.delivery.notBefore)
                    )
                }
            })
        log.settle(
            taken.map {
                Outcome(DeliveryID(event: $0.delivery.event, queue: $0.queue), .done, progress: $0.delivery.progress)
            }, told: hs_wall_ms())
        tally.deliveries += taken.count
    }

    /// Owes deliveries here, or notes that they were given up.
    private func owe(_ deliveries: [(id: DeliveryID, progress: Progress, result: Outcome.Result)]) throws(SpoolError) {
        guard !deliveries.isEmpty else { return }
        _ = try spool.owe(deliveries.map(\.id))
        let tried = deliveries.filter { $0.progress != Progress() || $0.result == .failed }
        if !tried.isEmpty { try spool.settleNow(tried.map { Outcome($0.id, $0.result, progress: $0.progress) }) }
    }

    /// How many deliveries the consumers neither hand out nor hold back for their retry.
    private func heldElsewhere() throws(SpoolError) -> Int {
        var later: [QueueID: Int] = [:]
        try log.forEachStanding { record in
            if record.state == .later { later[record.delivery.queue, default: 0] += 1 }
        }
        var held = 0
        for queue in queues.keys {
            let info = try log.answer(JetStreamAPI.consumer(Share(queue).consumer, of: log.subjects.eventStream))
            let unfinished = Int(clamping: info.number("num_pending") + info.number("num_ack_pending"))
            held += max(0, unfinished - (later[queue] ?? 0))
        }
        return held
    }

    /// Carries what is owed in an order: a partition hands out one message after another, so that all behind the last one that was
    /// acknowledged is owed. It is read where it lies.
    private func carryPartitions() throws(SpoolError) {
        var known: [QueueID: Set<Partition>] = [:]
        try log.asking { () throws(NATSFault) in known = try log.knownPartitions() }
        for (queue, partitions) in known {
            for partition in partitions {
                let share = Share(queue, partition)
                let info = try log.answer(JetStreamAPI.consumer(share.consumer, of: log.subjects.eventStream))
                var last = info.number("ack_floor", "stream_seq")
                while let found = try log.next(for: share, after: last) {
                    last = found.number
                    let event: StoredEvent?
                    if let again = found.again {
                        event = try log.event(again.delivery.event)
                    } else {
                        event = found.event
                    }
                    guard let event, found.again?.delivery.queue == queue || event.owed.contains(queue) else {
                        continue
                    }
                    let id = DeliveryID(event: event.number, queue: queue)
                    let standing = try log.standing(id)
                    if standing?.state == .done || standing?.state == .failed || standing?.state == .later { continue }
                    guard let local = queues[queue], let number = try land([event]).first else { continue }
                    let progress = found.again?.progress ?? Progress()
                    try owe([(DeliveryID(event: number, queue: local), progress, .later(notBefore: 0))])
                    if noted.insert(id).inserted { tally.deliveries += 1 }
                }
            }
        }
    }

    /// Carries what waits for its retry, and what was given up.
    private func carryStandings() throws(SpoolError) {
        var records: [ClusterRecord] = []
        try log.forEachStanding { if $0.state == .later || $0.state == .failed { records.append($0) } }
        for start in stride(from: 0, to: records.count, by: Landing.roundCount) {
            let part = records[start..<min(records.count, start + Landing.roundCount)]
            var found: [(record: ClusterRecord, event: StoredEvent)] = []
            for record in part {
                if let event = try log.event(record.delivery.event) { found.append((record, event)) }
            }
            let numbers = try land(found.map(\.event))
            try owe(
                zip(found, numbers).compactMap { found, number in
                    queues[found.record.delivery.queue].map { queue in
                        let result: Outcome.Result =
                            found.record.state == .failed ? .failed : .later(notBefore: found.record.notBefore)
                        return (DeliveryID(event: number, queue: queue), found.record.progress, result)
                    }
                })
            for found in found where noted.insert(found.record.delivery).inserted { tally.deliveries += 1 }
        }
    }

    /// Takes out of the cluster what was carried, unless there are new events by now.
    private func empty(_ end: EventNumber) throws(SpoolError) -> Bool {
        let stream = log.subjects.eventStream
        let last = try log.answer(JetStreamAPI.stream(stream)).number("state", "last_seq")
        if try log.next(after: end) != nil { return false }
        try log.answer(JetStreamAPI.purge(stream), "{\"seq\":\(last + 1)}")
        try log.answer(JetStreamAPI.purge(log.subjects.standingStream))
        return true
    }
}

/// Deliveries on their way from the client's thread to the one that carries them.
private final class Hands: Sendable {
    struct Taken: Sendable {
        var queue: QueueID
        var delivery: OwedDelivery
    }

    /// Who is handed one queue's deliveries.
    final class Receiver: DeliveryReceiver {
        private let queue: QueueID
        private let hands: Hands

        init(queue: QueueID, hands: Hands) {
            self.queue = queue
            self.hands = hands
        }

        func receive(_ deliveries: [OwedDelivery]) {
            hands.taken.withLock { $0 += deliveries.map { Taken(queue: queue, delivery: $0) } }
            hands.bell.signal()
        }
    }

    private let taken = Mutex<[Taken]>([])
    private let bell = DispatchSemaphore(value: 0)

    /// What has come; waits for it so long at the most.
    func take(within milliseconds: Int) -> [Taken] {
        _ = bell.wait(timeout: .now() + .milliseconds(milliseconds))
        return taken.withLock { taken in
            defer { taken = [] }
            return taken
        }
    }
}
