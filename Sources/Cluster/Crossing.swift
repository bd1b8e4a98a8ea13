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
        let numbers = try publish(events, ids)
        var standings: [JetStreamLog.Carried] = []
        var settled: [Outcome] = []
        var count = 0
        for (place, entry) in events.enumerated() {
            for delivery in entry.deliveries where delivery.state != .done {
                count += 1
                if delivery.state != .failed {
                    let id = DeliveryID(event: entry.event.number, queue: delivery.queue)
                    settled.append(Outcome(id, .done, progress: delivery.progress))
                }
                guard !delivery.isFresh, let queue = queues[delivery.queue] else { continue }
                standings.append(
                    JetStreamLog.Carried(
                        delivery: DeliveryID(event: numbers[place], queue: queue), state: delivery.state,
                        progress: delivery.progress, id: ids[place]))
            }
        }
        try log.carry(standings)
        if !settled.isEmpty { try spool.settleNow(settled) }
        tally.deliveries += count
    }

    /// Publishes events, and answers their numbers in the stream.
    private func publish(
        _ events: [(event: StoredEvent, deliveries: [DeliveryStanding])], _ ids: [String]
    ) throws(SpoolError) -> [EventNumber] {
        var batch = CommitBatch()
        var consignments: [Consignment] = []
        // Bodies are borrowed until all is answered.
        let bodies = UnsafeMutableRawBufferPointer.allocate(
            byteCount: events.reduce(1) { $0 + $1.event.body.count }, alignment: 8)
        defer { bodies.deallocate() }
        var offset = 0
        for (place, entry) in events.enumerated() {
            let fresh = entry.deliveries.filter(\.isFresh).compactMap { queues[$0.queue] }
            let tried = entry.deliveries.filter { !$0.isFresh && $0.state != .done }.compactMap { queues[$0.queue] }
            let bits = Set(fresh.map { Int($0.rawValue) % Subjects.bits })
            // One whose bit stands for another's would come by this message, too.
            let owed = fresh + tried.filter { !bits.contains(Int($0.rawValue) % Subjects.bits) }
            let end = offset + entry.event.body.count
            UnsafeMutableRawBufferPointer(rebasing: bodies[offset..<end]).copyBytes(from: entry.event.body)
            batch.append(
                receivedAt: entry.event.receivedAt, owed: owed, attributes: entry.event.attributes,
                body: UnsafeRawBufferPointer(rebasing: bodies[offset..<end]), dedupe: entry.event.dedupe)
            consignments.append(Consignment(id: ids[place], fresh: fresh))
            offset = end
        }
        let waited = WaitedFates(count: events.count)
        log.commit(batch, as: consignments, within: JetStreamLog.carryMilliseconds) { outcome, _ in waited.note(outcome)
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
