import CPlatform
import Dispatch
import Spool
import Synchronization

@testable import Delivery

/// A log in memory, that hands out deliveries as the spool does: on a queue of its own, as far as credit was given, retries
/// when they are due, to one receiver at a time. What comes back untried waits for the next occasion.
final class MemoryLog: EventLog {
    private struct Queue {
        var owed: [EventNumber: (progress: Progress, notBefore: Int64)] = [:]
        var inHand: Set<EventNumber> = []
        var order = DeliveryOrder.whenDue
        var credit = 0
        var receiver: (any DeliveryReceiver)?
    }

    private struct State {
        var events: [EventNumber: StoredEvent] = [:]
        var damaged: [EventNumber: SpoolError] = [:]
        var queues: [QueueID: Queue] = [:]
        var outcomes: [Outcome] = []
    }

    private let state = Mutex(State())
    private let hands = DispatchQueue(label: "memory log")
    private let onSettle: @Sendable (Outcome) -> Void

    /// An empty log. `onSettle` sees each outcome before it is taken note of.
    init(onSettle: @escaping @Sendable (Outcome) -> Void = { _ in }) {
        self.onSettle = onSettle
    }

    /// All outcomes so far, in their order.
    var outcomes: [Outcome] { state.withLock { $0.outcomes } }
    let keepsOrder = false
    let takesOneBatchAtATime = false
    let words: (any SharedWords)? = nil
    func keepOrder(of targets: [KeptOrder]) {}

    /// Whether a queue has a receiver.
    func isAttached(_ queue: UInt16) -> Bool {
        state.withLock { $0.queues[QueueID(rawValue: queue)]?.receiver != nil }
    }
    /// What a queue is still owed.
    func owed(_ queue: UInt16) -> Set<EventNumber> {
        state.withLock { Set($0.queues[QueueID(rawValue: queue)]?.owed.keys.map { $0 } ?? []) }
    }
    /// The events that came to a result in a queue, in their order.
    func events(_ result: Outcome.Result, _ queue: UInt16 = 1) -> [EventNumber] {
        outcomes.filter { $0.result == result && $0.delivery.queue.rawValue == queue }.map(\.delivery.event)
    }

    /// Appends an event that queues are to have.
    @discardableResult
    func add(_ body: String = #"{"type":"redemption.succeeded"}"#, to queues: UInt16..., damaged: SpoolError? = nil)
        -> EventNumber
    {
        var attributes: [UInt8] = []
        let number = state.withLock { state in
            let number = EventNumber(rawValue: UInt64(state.events.count + 1))
            var stored = EventAttributes()
            stored.source = "voucherify"
            stored.webhookID = "msg_\(number)"
            stored.encode(into: &attributes)
            state.events[number] = StoredEvent(
                number: number, receivedAt: hs_wall_ms(), owed: queues.map { QueueID(rawValue: $0) },
                attributes: attributes, body: Array(body.utf8))
            state.damaged[number] = damaged
            for queue in queues {
                state.queues[QueueID(rawValue: queue), default: Queue()].owed[number] = (Progress(), 0)
            }
            return number
        }
        for queue in queues { handOut(QueueID(rawValue: queue)) }
        return number
    }

    func attach(_ queue: QueueID, order: DeliveryOrder, to receiver: any DeliveryReceiver) {
        state.withLock { state in
            state.queues[queue, default: Queue()].receiver = receiver
            state.queues[queue]?.order = order
            state.queues[queue]?.credit = 0
            state.queues[queue]?.inHand = []
        }
    }

    func detach(_ queue: QueueID) {
        state.withLock { state in
            state.queues[queue]?.receiver = nil
            state.queues[queue]?.credit = 0
            state.queues[queue]?.inHand = []
        }
    }

    func request(_ queue: QueueID, count: Int) {
        state.withLock { $0.queues[queue, default: Queue()].credit += count }
        handOut(queue)
    }

    func settle(_ outcomes: [Outcome], told: Int64) {
        for outcome in outcomes { onSettle(outcome) }
        state.withLock { state in
            for outcome in outcomes {
                state.outcomes.append(outcome)
                let (event, queue) = (outcome.delivery.event, outcome.delivery.queue)
                // In order of number a retry stays with its receiver.
                let stays: Bool =
                    if case (.later, .byNumber?) = (outcome.result, state.queues[queue]?.order) { true } else { false }
                if !stays { state.queues[queue]?.inHand.remove(event) }
                switch outcome.result {
                case .done, .failed: state.queues[queue]?.owed[event] = nil
                case .later(let notBefore): state.queues[queue]?.owed[event] = (outcome.progress, notBefore)
                case .untried: break
                }
            }
        }
        for outcome in outcomes {
            if case .later = outcome.result { handOut(outcome.delivery.queue) }
        }
    }

    func read(_ position: Position) throws(SpoolError) -> StoredEvent {
        let number = EventNumber(rawValue: UInt64(position.offset))
        let (event, fault) = state.withLock { ($0.events[number], $0.damaged[number]) }
        if let fault { throw fault }
        guard let event else { throw .damaged(segment: 1, offset: position.offset, reason: "no such event") }
        return event
    }

    private func handOut(_ queue: QueueID) {
        hands.async { [self] in
            let (receiver, deliveries, nextDue) = state.withLock { state in take(queue, &state) }
            if !deliveries.isEmpty { receiver?.receive(deliveries) }
            if let nextDue {
                hands.asyncAfter(deadline: .now() + .milliseconds(Int(max(1, nextDue - hs_wall_ms())))) { [weak self] in
                    self?.handOut(queue)
                }
            }
        }
    }

    private func take(_ id: QueueID, _ state: inout State) -> ((any DeliveryReceiver)?, [OwedDelivery], Int64?) {
        guard var queue = state.queues[id], queue.receiver != nil else { return (nil, [], nil) }
        let now = hs_wall_ms()
        let ready = queue.owed.filter { !queue.inHand.contains($0.key) }
        let due: [EventNumber] =
            switch queue.order {
            case .whenDue: ready.filter { $0.value.notBefore <= now }.keys.sorted()
            case .byNumber: ready.keys.sorted()
            }
        let taken = due.prefix(queue.credit)
        queue.credit -= taken.count
        queue.inHand.formUnion(taken)
        state.queues[id] = queue
        let deliveries = taken.compactMap { event in
            queue.owed[event].map {
                OwedDelivery(
                    event: event, position: Position(segment: 1, offset: UInt32(event.rawValue)),
                    progress: $0.progress, notBefore: $0.notBefore)
            }
        }
        return (queue.receiver, deliveries, ready.values.map(\.notBefore).filter { $0 > now }.min())
    }

    // What delivery never asks for.

    func commit(_ batch: CommitBatch, _ done: @escaping @Sendable (CommitOutcome) -> Void) { done(.committed([])) }
    func queue(named name: String) throws(SpoolError) -> QueueID { QueueID(rawValue: 1) }
    func reopen(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult] { [:] }
    func owe(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult] { [:] }
    func giveUp(
        _ queue: QueueID, except kept: Set<EventNumber>, telling tell: ([GivenUpDelivery]) throws(SpoolError) -> Void
    ) throws(SpoolError) -> QueueSweep { QueueSweep() }
    func move(_ queue: QueueID, to other: QueueID, except kept: Set<EventNumber>) throws(SpoolError) -> QueueSweep {
        QueueSweep()
    }
    func close() {}
    func retained(after number: EventNumber, since: Int64) -> EventNumber? { nil }
    func event(_ number: EventNumber) throws(SpoolError) -> StoredEvent? { state.withLock { $0.events[number] } }
    func erase(_ numbers: [EventNumber]) throws(SpoolError) -> [EventNumber: EraseResult] { [:] }
    func deliveries(of number: EventNumber) throws(SpoolError) -> [DeliveryStanding] { [] }
    func failed(_ queue: QueueID, after number: EventNumber, limit: Int) -> [EventNumber] { [] }
    func status() -> SpoolStatus {
        SpoolStatus(queues: [], bytes: 0, events: 0, corrupt: 0, syncSeconds: 0, closed: nil)
    }
}
