import NATS
import Spool

/// Deliveries that are owed again by hand: a new message says so, and whatever the former one comes to no longer counts. All of it
/// blocks until the brokers have answered.
extension JetStreamLog {
    /// How many deliveries are looked up, and written down, at once.
    static let roundCount = 64

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
        var seen: [Share: UInt64] = [:]
        var known: Set<DeliveryID> = []
        let unique = deliveries.filter { known.insert($0).inserted }
        for round in unique.rounds {
            let events = try events(round.map(\.event))
            let standings = try standings(of: round)
            var records: [ClusterRecord] = []
            var owed: [Stored] = []
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
                if try isOwed(delivery, event, subject, last, &seen) {
                    results[delivery] = .wasOwed
                    continue
                }
                var record = ClusterRecord(delivery, .again)
                // As in a spool: what was given up begins as if it had never been tried.
                if last?.state == .later {
                    record.progress.attempts = last?.progress.attempts ?? 0
                    record.progress.attemptsBefore = record.progress.attempts
                }
                records.append(record)
                let share = event.body.withUnsafeBytes { body in
                    orders.withLock { $0.share(of: delivery.queue, body: body) }
                }
                owed.append(Stored(subject: subjects.again(share), record: record, id: fresh()))
            }
            for (place, number) in try store(owed).enumerated() { records[place].message = number }
            try store(
                records.map { Stored(subject: subjects.standing($0.delivery), record: $0, id: fresh()) })
            for record in records {
                let last = standings[record.delivery]?.state
                if last == .failed { try forgetFailure(record.delivery) }
                results[record.delivery] = last == .later ? .wasOwed : .reopened
            }
        }
        return results
    }

    /// Whether a delivery is owed as it is, or is now that it was brought forward.
    private func isOwed(
        _ delivery: DeliveryID, _ event: StoredEvent, _ subject: String, _ last: ClusterRecord?,
        _ seen: inout [Share: UInt64]
    ) throws(SpoolError) -> Bool {
        switch last?.state {
        case .again: true
        case .later: if let last { try hurry(last) } else { false }
        case .failed, .done: false
        case nil:
            if event.owed.contains(delivery.queue) {
                try delivery.event.rawValue > handedOut(board.share(of: delivery.queue, in: subject), &seen)
            } else {
                false
            }
        }
    }

    private func forgetFailure(_ delivery: DeliveryID) throws(SpoolError) {
        try answer(JetStreamAPI.purge(subjects.standingStream), "{\"filter\":\"\(subjects.failure(delivery))\"}")
        board.change(delivery.queue) { $0.failed = max(0, $0.failed - 1) }
    }

    /// The last message that a consumer handed out, asked once: the board may be a second behind, and what was delivered
    /// meanwhile would pass for owed.
    private func handedOut(_ share: Share, _ seen: inout [Share: UInt64]) throws(SpoolError) -> UInt64 {
        if let known = seen[share] { return known }
        let info = try answer(JetStreamAPI.consumer(share.consumer, of: subjects.eventStream))
        let number = info.number("delivered", "stream_seq")
        seen[share] = number
        return number
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

    /// What is written down of deliveries, as of its last word.
    func standings(of deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ClusterRecord] {
        var found: [DeliveryID: ClusterRecord] = [:]
        let places = deliveries.map { MessagePlace.last(of: subjects.standing($0)) }
        for (_, message) in try messages(places, of: subjects.standingStream) {
            if let record = ClusterRecord(message.payload) { found[record.delivery] = record }
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
