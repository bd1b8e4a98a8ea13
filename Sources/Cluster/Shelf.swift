import NATS
import Spool

/// What one queue has asked for and has in hand here. A plain value: messages, outcomes and time come in, effects go out.
///
/// A message is held until its outcome is known and, where there is more to it than "done", until that is durable. Meanwhile
/// the consumer is told that it is being worked on, so that no other relay is given it.
struct Shelf: Sendable {
    /// A message of the queue's consumer.
    struct Arrival: Sendable {
        /// Where its acknowledgement goes.
        var reply: String
        /// Its number in the stream.
        var message: UInt64
        /// Whether it was handed out before, to whomever.
        var isRepeated: Bool
        /// The event that it is, or is about.
        var event: EventNumber
        /// Whether this queue is owed it at all.
        var isOwed: Bool
        /// How far it has come, where the message says so itself: it is only about the event.
        var again: ClusterRecord?
    }

    /// A message in hand.
    struct Held: Sendable {
        var arrival: Arrival
        /// Whether the receiver has it.
        var isOut = false
        /// Whether something of the delivery is written down beside the stream.
        var hasStanding = false
        /// The number there of what is written down, 0 for nothing: what this relay writes is to follow it, and nothing that
        /// another one has written since.
        var standing: UInt64 = 0
    }

    /// What is to be done now.
    struct Effects {
        /// What the consumer is told.
        var acknowledge: [(reply: String, what: Acknowledgement)] = []
        /// So many messages are asked for.
        var pull = 0
        /// What must be looked up before it can be handed out.
        var lookUp: [Arrival] = []
        var handOut: [OwedDelivery] = []
        /// What is to be written down, and the number of what it follows; then `written` is called, or `unwritten`.
        var write: [(record: ClusterRecord, after: UInt64)] = []
        /// What is delivered after it was owed again by hand: whoever did that may have died before its failure was forgotten.
        var forget: [DeliveryID] = []
        /// No longer in hand.
        var letGo: [EventNumber] = []
    }

    /// What looking up came to.
    enum Found: Sendable {
        /// The event's there; how the delivery stood last, if anything was written down, and its number there.
        case event(ClusterRecord?, number: UInt64)
        /// The event is no longer in the stream.
        case nothing
        /// It could not be told.
        case fault
    }

    /// How many deliveries are remembered as ended, so that a message whose acknowledgement got lost is not delivered again.
    private static let endedLimit = 16_384
    /// How long a message rests that could not be looked up, in milliseconds.
    static let faultMilliseconds: Int64 = 5_000
    /// A message that comes so early is handed out all the same, in milliseconds.
    private static let earlyMilliseconds: Int64 = 250

    let queue: QueueID
    /// Whether it takes one message at a time and asks for the next by itself: a partition of an order.
    let isOneByOne: Bool
    private(set) var isAttached = false
    /// Whether somebody else takes the queue's messages: it asks for none, and gives back what comes.
    private(set) var isAside = false
    private(set) var held: [EventNumber: Held] = [:]
    /// What may be asked for.
    private var credit = 0
    /// What was asked for and has not come.
    private(set) var outstanding = 0
    /// Counts the times that all pulls were given up and made anew: what is said of older ones is passed over.
    private(set) var generation = 0
    private var heardAt: Int64 = 0
    private var ended: Set<UInt64> = []
    private var endedInOrder: [UInt64] = []
    private var endedStart = 0
    private var outcomes: [EventNumber: (outcome: Outcome, record: ClusterRecord)] = [:]

    init(queue: QueueID, isOneByOne: Bool = false) {
        self.queue = queue
        self.isOneByOne = isOneByOne
    }

    mutating func attach() {
        isAttached = true
        credit = 0
    }

    /// Gives everything back that no outcome is known of.
    mutating func detach(_ effects: inout Effects) {
        isAttached = false
        credit = 0
        outstanding = 0
        generation += 1
        for (event, held) in held where outcomes[event] == nil {
            effects.acknowledge.append((held.arrival.reply, .again(afterMilliseconds: 0)))
            release(event, &effects)
        }
    }

    /// Gives everything back that no outcome is known of, but `kept`, and takes nothing until `comeBack`.
    mutating func standAside(except kept: Set<EventNumber>, _ effects: inout Effects) {
        isAside = true
        generation += 1
        credit += outstanding
        outstanding = 0
        for (event, held) in held where outcomes[event] == nil && !kept.contains(event) {
            effects.acknowledge.append((held.arrival.reply, .again(afterMilliseconds: 0)))
            release(event, &effects)
        }
    }

    /// Takes messages again.
    mutating func comeBack(now: Int64, _ effects: inout Effects) {
        isAside = false
        renew(now: now, &effects)
    }

    mutating func request(_ count: Int, now: Int64, _ effects: inout Effects) {
        credit += count
        pull(now: now, &effects)
    }

    /// Asks for the next one, where it takes one at a time and has none.
    mutating func goOn(now: Int64, _ effects: inout Effects) { if isOneByOne { pull(now: now, &effects) } }

    /// A message came that can't be looked at now.
    mutating func putOff(_ arrival: Arrival, now: Int64, _ effects: inout Effects) {
        countArrival(now: now)
        pass(over: arrival, .again(afterMilliseconds: Shelf.faultMilliseconds), now: now, &effects)
    }

    /// The event of a message in hand was erased: whatever comes of it, it is not delivered again.
    mutating func erase(_ event: EventNumber, _ effects: inout Effects) {
        guard let one = held[event] else { return }
        effects.acknowledge.append((one.arrival.reply, .term))
        remember(one.arrival.message)
        release(event, &effects)
    }

    /// A message came of which nothing is said: it may be another relay's by now.
    mutating func passOver(now: Int64, _ effects: inout Effects) {
        countArrival(now: now)
        credit += 1
        pull(now: now, &effects)
    }

    /// A message in hand is another relay's by now: nothing is said of it.
    mutating func abandon(_ event: EventNumber, _ effects: inout Effects) { release(event, &effects) }

    /// Messages may be asked for again: there is a connection, or a new leader.
    mutating func renew(now: Int64, _ effects: inout Effects) {
        generation += 1
        credit += outstanding
        outstanding = 0
        pull(now: now, &effects)
    }

    /// The consumer says that it is there.
    mutating func heard(now: Int64) { heardAt = now }

    /// Whether nothing was heard for so long that the pulls must have got lost.
    func isSilent(now: Int64, after milliseconds: Int64) -> Bool { outstanding > 0 && now - heardAt > milliseconds }

    /// A pull ended; so many of its messages did not come.
    mutating func pullEnded(_ left: Int, now: Int64, _ effects: inout Effects) {
        heardAt = now
        let back = min(left, outstanding)
        outstanding -= back
        credit += back
        pull(now: now, &effects)
    }

    /// A message came.
    mutating func arrived(_ arrival: Arrival, now: Int64, _ effects: inout Effects) {
        countArrival(now: now)
        guard arrival.isOwed, !ended.contains(arrival.message) else {
            return pass(over: arrival, .done, now: now, &effects)
        }
        if let before = held[arrival.event] {
            // The same one once more, because this relay was silent for too long; or what is in hand is owed again, and is.
            if before.arrival.message == arrival.message {
                held[arrival.event]?.arrival.reply = arrival.reply
            } else {
                effects.acknowledge.append((arrival.reply, .done))
            }
            credit += 1
            return pull(now: now, &effects)
        }
        guard isAttached, !isAside, credit >= 0 else {
            return pass(over: arrival, .again(afterMilliseconds: 0), now: now, &effects)
        }
        held[arrival.event] = Held(arrival: arrival)
        if arrival.isRepeated || arrival.again != nil {
            effects.lookUp.append(arrival)
        } else {
            handOut(arrival, Progress(), 0, &effects)
        }
    }

    /// What stands written of a message was looked up. `wall` is in milliseconds since 1970.
    mutating func lookedUp(_ arrival: Arrival, _ found: Found, wall: Int64, now: Int64, _ effects: inout Effects) {
        guard let one = held[arrival.event], one.arrival.message == arrival.message, !one.isOut else { return }
        func giveBack(_ what: Acknowledgement, _ shelf: inout Shelf) {
            shelf.release(arrival.event, &effects)
            shelf.pass(over: one.arrival, what, now: now, &effects)
        }
        guard case .event(let standing, let number) = found else {
            if case .fault = found {
                return giveBack(.again(afterMilliseconds: Shelf.faultMilliseconds), &self)
            }
            return giveBack(.term, &self)
        }
        held[arrival.event]?.standing = number
        var progress = arrival.again?.progress ?? Progress()
        var notBefore = arrival.again?.notBefore ?? 0
        if let standing, standing.message >= arrival.message {
            // Owed by a later message, or ended: what came is a leftover.
            if standing.message > arrival.message || standing.state == .done { return giveBack(.done, &self) }
            if standing.state == .failed { return giveBack(.term, &self) }
            progress = standing.progress
            notBefore = standing.notBefore
            held[arrival.event]?.hasStanding = true
        }
        if notBefore > wall + Shelf.earlyMilliseconds {
            return giveBack(.again(afterMilliseconds: notBefore - wall), &self)
        }
        handOut(arrival, progress, notBefore, &effects)
    }

    /// An outcome is known.
    mutating func settle(_ outcome: Outcome, wall: Int64, _ effects: inout Effects) {
        let event = outcome.delivery.event
        guard let one = held[event], outcomes[event] == nil else { return }
        var record = ClusterRecord(outcome.delivery, .done)
        record.message = one.arrival.message
        record.progress = outcome.progress
        switch outcome.result {
        case .untried:
            effects.acknowledge.append((one.arrival.reply, .again(afterMilliseconds: 0)))
            return release(event, &effects)
        case .done:
            // Delivered is delivered: what was written of it before is corrected, and nobody waits for that.
            effects.acknowledge.append((one.arrival.reply, .done))
            if one.hasStanding || one.arrival.again != nil { effects.write.append((record, one.standing)) }
            if one.arrival.again != nil { effects.forget.append(outcome.delivery) }
            remember(one.arrival.message)
            return release(event, &effects)
        case .failed: record.state = .failed
        case .later(let notBefore):
            record.state = .later
            record.notBefore = notBefore
        }
        outcomes[event] = (outcome, record)
        effects.write.append((record, one.standing))
    }

    /// What an outcome comes to is written down: now the consumer may be told.
    mutating func written(_ record: ClusterRecord, wall: Int64, _ effects: inout Effects) {
        let event = record.delivery.event
        guard let one = held[event], outcomes[event]?.record == record else { return }
        if record.state == .failed {
            effects.acknowledge.append((one.arrival.reply, .term))
            remember(one.arrival.message)
        } else {
            effects.acknowledge.append(
                (one.arrival.reply, .again(afterMilliseconds: max(0, record.notBefore - wall))))
        }
        release(event, &effects)
    }

    /// What an outcome comes to can't be written down, or another relay has written what comes after it: the delivery comes again.
    mutating func unwritten(_ record: ClusterRecord, _ effects: inout Effects) {
        let event = record.delivery.event
        guard let one = held[event], outcomes[event]?.record == record else { return }
        effects.acknowledge.append((one.arrival.reply, .again(afterMilliseconds: Shelf.faultMilliseconds)))
        release(event, &effects)
    }

    /// What is in hand is being worked on.
    func keepAlive(_ effects: inout Effects) {
        for one in held.values { effects.acknowledge.append((one.arrival.reply, .inProgress)) }
    }

    private mutating func countArrival(now: Int64) {
        heardAt = now
        if outstanding > 0 { outstanding -= 1 } else { credit -= 1 }
    }

    private mutating func pull(now: Int64, _ effects: inout Effects) {
        if isOneByOne { credit = held.isEmpty && outstanding == 0 ? 1 : 0 }
        guard isAttached, !isAside, credit > 0 else { return }
        if outstanding == 0 { heardAt = now }
        effects.pull += credit
        outstanding += credit
        credit = 0
    }

    private mutating func pass(
        over arrival: Arrival, _ what: Acknowledgement, now: Int64, _ effects: inout Effects
    ) {
        effects.acknowledge.append((arrival.reply, what))
        credit += 1
        pull(now: now, &effects)
    }

    private mutating func handOut(
        _ arrival: Arrival, _ progress: Progress, _ notBefore: Int64, _ effects: inout Effects
    ) {
        held[arrival.event]?.isOut = true
        effects.handOut.append(
            OwedDelivery(
                event: arrival.event,
                position: Position(segment: 0, offset: UInt32(queue.rawValue), event: arrival.event.rawValue),
                progress: progress, notBefore: notBefore))
    }

    private mutating func release(_ event: EventNumber, _ effects: inout Effects) {
        held[event] = nil
        outcomes[event] = nil
        effects.letGo.append(event)
    }

    private mutating func remember(_ message: UInt64) {
        guard ended.insert(message).inserted else { return }
        endedInOrder.append(message)
        guard endedInOrder.count - endedStart > Shelf.endedLimit else { return }
        ended.remove(endedInOrder[endedStart])
        endedStart += 1
        if endedStart > Shelf.endedLimit {
            endedInOrder.removeFirst(endedStart)
            endedStart = 0
        }
    }
}
