import CPlatform
import Spool

/// Carries what a local spool holds into the cluster, in the order of acceptance: each event with its attributes, its key, the
/// time it was received at, and what it still owes, with how far each schedule has come. What was delivered is not owed there.
///
/// Whatever moment it ends at, it can be begun again: how far it came stands in the spool's directory, and what was sent and not
/// noted there yet is sent under the same `Nats-Msg-Id`, so that the stream stores it once. Owned by one thread; it blocks.
public final class Crossing {
    /// What was done.
    public struct Tally: Sendable {
        /// Events that the cluster has now.
        public var events = 0
        /// Deliveries that went with them.
        public var deliveries = 0
        /// Events that stay where they are, with the reason: the first thousand.
        public var kept: [(event: EventNumber, reason: String)] = []
    }

    /// Events that are sent together, and their bytes: one round is under way at a time, so that they stay in order.
    private static let roundCount = 256
    private static let roundBytes = 4 << 20
    private static let keptLimit = 1000
    /// What a message has besides its payload, in bytes, at the most.
    private static let framingBytes = 512
    private static let note = "carried"

    private let spool: Spool
    private let log: JetStreamLog
    private let notebook: Notebook
    private var queues: [QueueID: QueueID] = [:]
    /// All up to this one are in the cluster, but for those that are kept.
    private(set) var carried: EventNumber
    /// How far this pass has looked.
    private var last = EventNumber(rawValue: 0)
    /// What was done since it was made.
    public private(set) var tally = Tally()

    /// Goes on where an earlier one ended. `path` is the spool's directory.
    public init(from spool: Spool, in path: String, to log: JetStreamLog) throws(SpoolError) {
        self.spool = spool
        self.log = log
        notebook = try Notebook(path + "/segments")
        carried = Crossing.carried(notebook)
    }

    /// How far a spool's events were carried, and so how many may stand behind that.
    public static func carried(in path: String) throws(SpoolError) -> EventNumber {
        carried(try Notebook(path + "/segments"))
    }

    private static func carried(_ notebook: Notebook) -> EventNumber {
        let bytes = notebook.notes(under: note)[""] ?? []
        return EventNumber(rawValue: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// How many events there may still be to carry.
    public var left: Int {
        Int(clamping: max(spool.newest.rawValue, last.rawValue) - max(last.rawValue, carried.rawValue))
    }

    /// Carries the next events; answers how many it looked at, 0 if there are none. Nothing of it is lost if it throws: call it again.
    /// - Throws: `SpoolError.elsewhere` if the brokers don't take them now.
    public func step() throws(SpoolError) -> Int {
        var round = Round()
        var end = last
        while round.looked < Crossing.roundCount, round.bytes < Crossing.roundBytes,
            let number = spool.retained(after: end, since: 0)
        {
            end = number
            // It was carried before, and owes nothing: or it was owed again since then, and goes once more.
            if number <= carried && !spool.isOwed(number) { continue }
            round.looked += 1
            try take(number, into: &round)
        }
        try carry(round.events)
        if end > carried {
            carried = end
            try notebook.change([Crossing.note: (0..<8).map { UInt8(truncatingIfNeeded: end.rawValue >> ($0 * 8)) }])
        }
        last = end
        tally.events += round.events.count
        tally.kept += round.kept.prefix(max(0, Crossing.keptLimit - tally.kept.count))
        if round.looked > 0 { try spool.discard(through: carried, all: false) }
        return round.looked
    }

    /// Lets go of all that was carried: nothing of it is left in the spool but what is kept.
    public func finish() throws(SpoolError) {
        if carried.rawValue > 0 { try spool.discard(through: carried, all: true) }
    }

    private struct Round {
        var events: [(event: StoredEvent, deliveries: [DeliveryStanding])] = []
        var kept: [(event: EventNumber, reason: String)] = []
        var looked = 0
        var bytes = 0
    }

    private func take(_ number: EventNumber, into round: inout Round) throws(SpoolError) {
        do throws(SpoolError) {
            guard let (event, deliveries) = try spool.standing(number), !event.isErased else { return }
            let size = event.attributes.count + event.body.count + 2 * event.owed.count + Crossing.framingBytes
            let limit = log.longest.load(ordering: .relaxed)
            guard limit == 0 || size <= limit else {
                return round.kept.append(
                    (number, "it is longer than the brokers take: their max_payload is \(limit) bytes"))
            }
            round.bytes += size
            round.events.append((event, deliveries))
        } catch {
            guard case .damaged = error else { throw error }
            round.kept.append((number, error.described))
        }
    }

    private func carry(_ events: [(event: StoredEvent, deliveries: [DeliveryStanding])]) throws(SpoolError) {
        guard !events.isEmpty else { return }
        for delivery in events.flatMap(\.deliveries) where queues[delivery.queue] == nil {
            queues[delivery.queue] = try log.queue(named: delivery.target)
        }
        let ids = events.map { Consignment.id(of: $0.event) }
        let known = try lookUp(events)
        let new = events.indices.filter { known[$0] == nil }
        var numbers = known
        for (place, number) in zip(new, try publish(new.map { events[$0] }, new.map { ids[$0] })) {
            numbers[place] = number
        }
        var standings: [JetStreamLog.Carried] = []
        var settled: [Outcome] = []
        var count = 0
        for (place, entry) in events.enumerated() {
            let orders = log.orders.withLock { $0 }
            let isOurs =
                try known[place].map { number throws(SpoolError) in try isSame(entry.event, as: number) } ?? true
            for delivery in entry.deliveries where delivery.state != .done {
                count += 1
                if delivery.state != .failed {
                    let id = DeliveryID(event: entry.event.number, queue: delivery.queue)
                    settled.append(Outcome(id, .done, progress: delivery.progress))
                }
                guard isOurs, let number = numbers[place], let queue = queues[delivery.queue],
                    !goesAsFresh(delivery, queue, orders)
                else { continue }
                let share = entry.event.body.withUnsafeBytes { orders.share(of: queue, body: $0) }
                standings.append(
                    JetStreamLog.Carried(
                        delivery: DeliveryID(event: number, queue: queue), state: delivery.state,
                        progress: delivery.progress, id: ids[place], share: share))
            }
        }
        try log.carry(standings)
        try log.keep(
            new.compactMap { place in
                guard let key = events[place].event.dedupe, let number = numbers[place], needsBucket(key) else {
                    return nil
                }
                return (key, number)
            })
        if !settled.isEmpty { try spool.settleNow(settled) }
        tally.deliveries += count
    }

    /// Whether the stream's window is too short for a key. Where it is longer, the key counts a little longer than it should.
    private func needsBucket(_ key: DedupeKey) -> Bool {
        let key = DedupeKey(hash: key.hash, until: key.until, isExact: false)
        return key.needsBucket(window: log.settings.window.wholeMilliseconds, now: hs_wall_ms())
    }

    /// The numbers of events that the bucket of keys knows: repetitions, or ours that were carried before.
    private func lookUp(
        _ events: [(event: StoredEvent, deliveries: [DeliveryStanding])]
    ) throws(SpoolError) -> [EventNumber?] {
        var numbers: [EventNumber?] = []
        for entry in events {
            if let key = entry.event.dedupe, needsBucket(key) {
                numbers.append(try log.event(ofKey: key, now: hs_wall_ms()))
            } else {
                numbers.append(nil)
            }
        }
        return numbers
    }

    /// Whether an event of the stream is this one, and no other with the same key.
    private func isSame(_ event: StoredEvent, as number: EventNumber) throws(SpoolError) -> Bool {
        guard let found = try log.event(number) else { return false }
        return found.receivedAt == event.receivedAt && found.attributes == event.attributes
    }

    /// Whether a delivery goes as if it had never been tried: also where an order is kept, since a message of its own would stand
    /// behind those of later events.
    private func goesAsFresh(_ delivery: DeliveryStanding, _ queue: QueueID, _ orders: Orders) -> Bool {
        delivery.isFresh || delivery.state != .failed && delivery.state != .done && orders.isKept(queue)
    }

    /// Publishes events, and answers their numbers in the stream.
    private func publish(
        _ events: [(event: StoredEvent, deliveries: [DeliveryStanding])], _ ids: [String]
    ) throws(SpoolError) -> [EventNumber] {
        guard !events.isEmpty else { return [] }
        let orders = log.orders.withLock { $0 }
        var batch = CommitBatch()
        var consignments: [Consignment] = []
        let bodies = LentBodies(count: events.reduce(0) { $0 + $1.event.body.count })
        defer { withExtendedLifetime(bodies) {} }
        for (place, entry) in events.enumerated() {
            var (fresh, tried): ([QueueID], [QueueID]) = ([], [])
            for delivery in entry.deliveries where delivery.state != .done {
                guard let queue = queues[delivery.queue] else { continue }
                if goesAsFresh(delivery, queue, orders) { fresh.append(queue) } else { tried.append(queue) }
            }
            let bits = Set(fresh.map { Int($0.rawValue) % Subjects.bits })
            // One whose bit stands for another's would come by this message, too.
            let owed = fresh + tried.filter { !bits.contains(Int($0.rawValue) % Subjects.bits) }
            batch.append(
                receivedAt: entry.event.receivedAt, owed: owed, attributes: entry.event.attributes,
                body: bodies.lend(entry.event.body), dedupe: entry.event.dedupe)
            consignments.append(Consignment(id: ids[place], fresh: fresh))
        }
        let waited = WaitedFates(count: events.count)
        log.publish(batch, as: consignments, within: JetStreamLog.carryMilliseconds) { outcome, _ in
            waited.note(outcome)
        }
        var numbers: [EventNumber] = []
        for fate in waited.wait() {
            switch fate {
            case .accepted(let number), .duplicate(let number): numbers.append(number)
            case .refused(let refusal): throw .elsewhere(reason: "the brokers: \(refusal.reason)")
            }
        }
        return numbers
    }
}

extension DeliveryStanding {
    /// Whether it is owed and as if it had never been tried.
    fileprivate var isFresh: Bool { state == .waiting && progress == Progress() }
}

extension Consignment {
    /// What an event goes as that was read back from another log.
    fileprivate static func id(of event: StoredEvent) -> String {
        id(receivedAt: event.receivedAt, dedupe: event.dedupe, attributes: event.attributes, now: hs_wall_ms())
    }
}
