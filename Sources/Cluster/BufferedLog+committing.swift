import CPlatform
import Spool
import Synchronization

/// How events get in. From any thread.
extension BufferedLog {
    /// Makes a batch durable: in the cluster if it is there and nothing waits in the spool, else in the spool.
    public func commit(_ batch: CommitBatch, _ done: @escaping @Sendable (CommitOutcome) -> Void) {
        let way = state.withLock { state -> (cluster: JetStreamLog, remotes: [QueueID: QueueID])? in
            if !state.isBuffering, let cluster = state.cluster, cluster.board.isConnected {
                let isKnown = batch.events.allSatisfy { $0.owed.allSatisfy { state.remotes[$0] != nil } }
                if isKnown { return (cluster, state.remotes) }
            }
            state.underWay += 1
            return nil
        }
        guard let way else {
            let obstacle = state.withLock { state -> String? in
                guard let cluster = state.cluster else { return state.reason }
                return cluster.board.disconnection
            }
            buffer(because: obstacle ?? "events wait in the spool")
            return keep(batch, done)
        }
        let batch = batch.owed(to: { way.remotes[$0] ?? $0 })
        let now = hs_wall_ms()
        let consignments = batch.events.map { event in
            let id = Consignment.id(
                receivedAt: event.receivedAt, dedupe: event.dedupe, attributes: batch.attributes[event.attributes],
                now: now)
            return Consignment(id: id, fresh: event.owed)
        }
        way.cluster.commit(batch, as: consignments, within: BufferedLog.directMilliseconds) {
            [self] outcome, unreached in
            answered(outcome, unreached, done)
        }
    }

    /// The brokers have answered for some events, or did not: those that they could not be reached for go into the spool.
    private func answered(
        _ outcome: CommitOutcome, _ unreached: (Int) -> ArraySlice<UInt8>?,
        _ done: @escaping @Sendable (CommitOutcome) -> Void
    ) {
        let fates: [(place: Int, fate: Fate)]
        switch outcome {
        case .committed(let all): fates = all.enumerated().map { ($0.offset, $0.element) }
        case .partly(let some): fates = some
        case .refused, .givenUp: return done(outcome)
        }
        var late: [(place: Int, payload: ArraySlice<UInt8>)] = []
        var reason = ""
        for (place, fate) in fates {
            guard case .refused(let refusal) = fate, let payload = unreached(place) else { continue }
            late.append((place, payload))
            reason = refusal.reason
        }
        guard !late.isEmpty else { return done(outcome) }
        let known = fates.filter { entry in !late.contains { $0.place == entry.place } }
        if !known.isEmpty { done(.partly(known)) }
        state.withLock { $0.underWay += 1 }
        buffer(because: reason)
        let (batch, lent) = batch(of: late.map(\.payload))
        let places = late.map(\.place)
        keep(batch) { outcome in
            guard !lent.isAnswered.load(ordering: .relaxed) else { return }
            switch outcome {
            case .committed(let fates): done(.partly(zip(places, fates).map { (place: $0, fate: $1) }))
            case .partly(let some): done(.partly(some.map { (place: places[$0.place], fate: $0.fate) }))
            case .refused(let refusal), .givenUp(let refusal):
                // Also where the disk still reads: these bodies are copies, and nobody need wait for it.
                lent.isAnswered.store(true, ordering: .relaxed)
                done(.partly(places.map { (place: $0, fate: .refused(refusal)) }))
            }
        }
    }

    /// Events as they were published, owed to the spool's queues again, and what holds their bodies.
    private func batch(of payloads: [ArraySlice<UInt8>]) -> (CommitBatch, Late) {
        let locals = state.withLock { $0.locals }
        let bodies = LentBodies(count: payloads.reduce(0) { $0 + $1.count })
        var batch = CommitBatch()
        for payload in payloads {
            guard let event = EventPayload(bodies.lend(payload)) else { continue }
            batch.append(
                receivedAt: event.receivedAt, owed: event.owed.compactMap { locals[$0] }, attributes: event.attributes,
                body: event.body, dedupe: event.dedupe)
        }
        return (batch, Late(bodies))
    }

    /// Takes a batch into the spool.
    private func keep(_ batch: CommitBatch, _ done: @escaping @Sendable (CommitOutcome) -> Void) {
        spool.commit(batch) { [self] outcome in
            if case .givenUp = outcome { return done(outcome) }
            buffered()
            switch outcome {
            case .committed(let fates): done(.committed(fates.map(\.shown)))
            case .partly(let some): done(.partly(some.map { (place: $0.place, fate: $0.fate.shown) }))
            case .refused, .givenUp: done(outcome)
            }
        }
    }
}

/// Events that the brokers could not be reached for, on their way into the spool.
private final class Late: Sendable {
    private let bodies: LentBodies
    /// Whether those who wait have been told.
    let isAnswered = Atomic(false)

    init(_ bodies: LentBodies) { self.bodies = bodies }
}

extension Fate {
    /// With the number that an event in the spool is called by.
    fileprivate var shown: Fate {
        switch self {
        case .accepted(let number): .accepted(number.shown)
        case .duplicate(let number): .duplicate(of: number.shown)
        case .refused: self
        }
    }
}

extension EventNumber {
    /// What the spool's number is called outside.
    var shown: EventNumber { EventNumber(rawValue: rawValue + BufferedLog.firstNumber) }

    /// Whether this is what an event is called that waits in a buffer: nothing was tried of it.
    public var isBuffered: Bool { inSpool != nil }

    /// The spool's number, if this is what one is called outside.
    var inSpool: EventNumber? {
        rawValue > BufferedLog.firstNumber ? EventNumber(rawValue: rawValue - BufferedLog.firstNumber) : nil
    }
}
