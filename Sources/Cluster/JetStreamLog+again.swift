import NATS
import Spool

/// Deliveries that are owed again by hand: a new message says so, and whatever the former one comes to no longer counts. All of it
/// blocks until the brokers have answered.
extension JetStreamLog {
    /// How many deliveries are looked up, and written down, at once.
    static let roundCount = 64
    /// How often a round is looked at anew because others have written of its deliveries.
    private static let overtakenTries = 10
    private static let reachMilliseconds: Int64 = 1_000

    /// Owes deliveries again.
    public func reopen(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        try again(deliveries, onlyOwed: true)
    }

    /// Owes events to queues, whether or not they were theirs.
    public func owe(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        try again(deliveries, onlyOwed: false)
    }

    private func again(_ deliveries: [DeliveryID], onlyOwed: Bool) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        var results: [DeliveryID: ReopenResult] = [:]
        var seen: [Share: (reach: Reach, askedAt: Int64)] = [:]
        var known: Set<DeliveryID> = []
        let unique = deliveries.filter { known.insert($0).inserted }
        for round in unique.rounds {
            let events = try events(round.map(\.event))
            var left = round
            for _ in 0..<JetStreamLog.overtakenTries where !left.isEmpty {
                left = try again(left, events, onlyOwed, &results, &seen)
            }
            guard left.isEmpty else {
                throw .elsewhere(reason: "other relays change the same deliveries all the time: try again later")
            }
        }
        return results
    }

    /// A delivery that is to be owed again.
    private struct Reopened {
        var record: ClusterRecord
        /// How it stood.
        var last: (record: ClusterRecord, number: UInt64)?
        /// Where its new message goes.
        var subject: String
        /// What was written down of it: its number there.
        var number: UInt64 = 0
    }

    /// Owes deliveries again whose events these are. Answers those of which somebody else has written something meanwhile.
    ///
    /// First it is written down, over what was found there and nothing else, that a later message counts; then there is that message; and
    /// then its number is added, unless it has come to something by then. Whoever dies in between leaves a delivery that is not in hand
    /// and has no message, which the next one asked owes anew.
    private func again(
        _ round: [DeliveryID], _ events: [EventNumber: (event: StoredEvent, subject: String)], _ onlyOwed: Bool,
        _ results: inout [DeliveryID: ReopenResult], _ seen: inout [Share: (reach: Reach, askedAt: Int64)]
    ) throws(SpoolError) -> [DeliveryID] {
        let standings = try standings(of: round)
        let next = try answer(JetStreamAPI.stream(subjects.eventStream)).number("state", "last_seq") + 1
        var opened: [Reopened] = []
        for delivery in round {
            guard let (event, subject) = events[delivery.event] else {
                results[delivery] = .noSuchEvent
                continue
            }
            let last = standings[delivery]
            if onlyOwed && last == nil && !event.owed.contains(delivery.queue) {
                results[delivery] = .neverOwed
                continue
            }
            if try isOwed(delivery, event, subject, last?.record, &seen) {
                // Whoever owed it again may have died before its failure was forgotten.
                if let last, last.record.state == .again { try forgetFailure(delivery, before: last.number) }
                results[delivery] = .wasOwed
                continue
            }
            var record = ClusterRecord(delivery, .again)
            record.message = next
            // As in a spool: what was given up begins as if it had never been tried.
            if let last = last?.record, last.state == .later {
                record.progress.attempts = last.progress.attempts
                record.progress.attemptsBefore = record.progress.attempts
            }
            let share = event.body.withUnsafeBytes { body in
                orders.withLock { $0.share(of: delivery.queue, body: body) }
            }
            opened.append(Reopened(record: record, last: last, subject: subjects.again(share)))
        }
        var overtaken: [DeliveryID] = []
        let written = try storeUnlessOvertaken(
            opened.map {
                Stored(
                    subject: subjects.standing($0.record.delivery), record: $0.record, id: fresh(),
                    last: $0.last?.number ?? 0)
            })
        for (place, number) in written.enumerated() {
            if let number { opened[place].number = number } else { overtaken.append(opened[place].record.delivery) }
        }
        opened.removeAll { $0.number == 0 }
        let messages = try store(opened.map { Stored(subject: $0.subject, record: $0.record, id: fresh()) })
        for (place, message) in messages.enumerated() { opened[place].record.message = message }
        try storeUnlessOvertaken(
            opened.map {
                Stored(
                    subject: subjects.standing($0.record.delivery), record: $0.record, id: fresh(), last: $0.number)
            })
        for one in opened {
            let delivery = one.record.delivery
            if one.last?.record.state == .failed || one.last?.record.state == .again {
                try forgetFailure(delivery, before: one.number)
            }
            results[delivery] = one.last?.record.state == .later ? .wasOwed : .reopened
        }
        return overtaken
    }

    /// Whether a delivery is owed as it is, or is now that it was brought forward.
    private func isOwed(
        _ delivery: DeliveryID, _ event: StoredEvent, _ subject: String, _ last: ClusterRecord?,
        _ seen: inout [Share: (reach: Reach, askedAt: Int64)]
    ) throws(SpoolError) -> Bool {
        var message = delivery.event.rawValue
        switch last?.state {
        case .failed, .done: return false
        case .later:
            if let last, try hurry(last) { return true }
            return inHand(delivery.queue).contains(delivery.event)
        case .again:
            guard let last, try isCarried(last) else { return false }
            message = last.message
        case nil: if !event.owed.contains(delivery.queue) { return false }
        }
        let reach = try reach(board.share(of: delivery.queue, in: subject), &seen)
        if message > reach.handedOut { return true }
        return message > reach.acknowledged && inHand(delivery.queue).contains(delivery.event)
    }

    /// Whether there is the message that carries a delivery that is owed again.
    private func isCarried(_ record: ClusterRecord) throws(SpoolError) -> Bool {
        guard let found = try message(.number(record.message), of: subjects.eventStream),
            !found.message.subject.hasPrefix(subjects.eventPrefix)
        else { return false }
        return ClusterRecord(found.message.payload)?.delivery == record.delivery
    }

    /// Forgets that a delivery was given up, by what was written before a number.
    private func forgetFailure(_ delivery: DeliveryID, before number: UInt64) throws(SpoolError) {
        let answer = try answer(
            JetStreamAPI.purge(subjects.standingStream),
            "{\"filter\":\"\(subjects.failure(delivery))\",\"seq\":\(number)}")
        guard answer.number("purged") > 0 else { return }
        board.change(delivery.queue) { $0.failed = max(0, $0.failed - 1) }
    }

    /// How far a consumer has come, asked once a second: the board may be a second behind, and what was delivered meanwhile would
    /// pass for owed.
    private func reach(
        _ share: Share, _ seen: inout [Share: (reach: Reach, askedAt: Int64)]
    ) throws(SpoolError) -> Reach {
        let now = steady()
        if let known = seen[share], now - known.askedAt < JetStreamLog.reachMilliseconds { return known.reach }
        let reach = Reach(try answer(JetStreamAPI.consumer(share.consumer, of: subjects.eventStream)))
        seen[share] = (reach, now)
        return reach
    }

    /// Has a partition's delivery that waits for its retry come at once: another message would stand behind it. False if it is in
    /// none.
    private func hurry(_ last: ClusterRecord) throws(SpoolError) -> Bool {
        let queue = last.delivery.queue
        guard let slots = board.queues[queue]?.slots, !slots.isEmpty,
            let message = try message(.number(last.message), of: subjects.eventStream)
        else { return false }
        let share = Subjects.share(of: queue, in: message.message.subject, slots: slots)
        guard share.partition != nil else { return false }
        var record = last
        record.notBefore = 0
        record.progress.attemptsBefore = record.progress.attempts
        record.progress.since = 0
        try store([Stored(subject: subjects.standing(last.delivery), record: record, id: fresh())])
        let reply = mark(of: last.message, share).reply
        client.perform { [self] in
            var writer = ProtocolWriter()
            writer.publish(reply, Acknowledgement.again(afterMilliseconds: 0).payload)
            client.send(writer.bytes)
        }
        return true
    }

    /// Where something can be said of a message that a consumer handed out to whomever.
    func mark(of message: UInt64, _ share: Share) -> DeliveryMark {
        DeliveryMark(stream: subjects.eventStream, consumer: share.consumer, deliveries: 1, sequence: message)
    }

    /// Events by their numbers, each with the subject that it was published at: those that there are, and can be read. Of those that
    /// can't, it is told.
    func events(
        _ numbers: [EventNumber], unreadable: (EventNumber, SpoolError) -> Void = { _, _ in }
    ) throws(SpoolError) -> [EventNumber: (event: StoredEvent, subject: String)] {
        var found: [EventNumber: (event: StoredEvent, subject: String)] = [:]
        for (sequence, message) in try messages(Set(numbers).map { .number($0.rawValue) }, of: subjects.eventStream)
        where message.subject.hasPrefix(subjects.eventPrefix) {
            let number = EventNumber(rawValue: sequence)
            if let event = StoredEvent(number, payload: message.payload) {
                found[number] = (event, message.subject)
            } else {
                unreadable(number, .noEvent(number))
            }
        }
        return found
    }

    /// What is written down of deliveries, as of its last word, with its number there.
    func standings(of deliveries: [DeliveryID]) throws(SpoolError)
        -> [DeliveryID: (record: ClusterRecord, number: UInt64)]
    {
        var found: [DeliveryID: (record: ClusterRecord, number: UInt64)] = [:]
        let places = deliveries.map { MessagePlace.last(of: subjects.standing($0)) }
        for (number, message) in try messages(places, of: subjects.standingStream) {
            if let record = ClusterRecord(message.payload) { found[record.delivery] = (record, number) }
        }
        return found
    }

    /// Reads messages of a stream: those that there are.
    func messages(_ places: [MessagePlace], of stream: String) throws(SpoolError) -> [StoredMessage] {
        do throws(NATSFault) { return try client.messages(places, of: stream) } catch {
            throw .elsewhere(reason: "the brokers: \(error.reason)")
        }
    }
}

extension Collection where Index == Int {
    /// What is looked up, and written down, at once.
    var rounds: [[Element]] {
        stride(from: startIndex, to: endIndex, by: JetStreamLog.roundCount).map {
            Array(self[$0..<Swift.min(endIndex, $0 + JetStreamLog.roundCount)])
        }
    }
}
