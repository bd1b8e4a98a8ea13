import CPlatform
import NATS
import Spool
import Synchronization

/// What operators ask of the log. All of it blocks until the brokers have answered; not to be called on the client's thread.
extension JetStreamLog {
    /// How far relays' and brokers' clocks may lie apart, in milliseconds.
    private static let clockSlackMilliseconds: Int64 = 600_000

    /// How things stand, as of the last second or two.
    public func status() -> SpoolStatus { board.status }

    /// Finds an event by its number.
    public func event(_ number: EventNumber) throws(SpoolError) -> StoredEvent? { try found(number)?.event }

    /// Finds an event by its number, with the subject that it was published at.
    private func found(_ number: EventNumber) throws(SpoolError) -> (event: StoredEvent, subject: String)? {
        guard
            let found = try message(.number(number.rawValue), of: subjects.eventStream),
            found.message.subject.hasPrefix(subjects.eventPrefix)
        else { return nil }
        guard let event = StoredEvent(number, payload: found.message.payload) else {
            throw .noEvent(number)
        }
        return (event, found.message.subject)
    }

    /// When an event was stored, in milliseconds since 1970 by the brokers' clock; `nil` if it is not there.
    public func storedAt(_ number: EventNumber) throws(SpoolError) -> Int64? {
        try message(.number(number.rawValue), of: subjects.eventStream)?.message.storedAt
    }

    /// The first event behind a number; from the start, behind those that were stored long before `since`.
    public func retained(after number: EventNumber, since: Int64) throws(SpoolError) -> EventNumber? {
        let last =
            number.rawValue == 0 ? try newest(before: since - JetStreamLog.clockSlackMilliseconds) : number.rawValue
        return try message(.next(of: subjects.events, after: last), of: subjects.eventStream)
            .map { EventNumber(rawValue: $0.sequence) }
    }

    /// A number up to which all messages were stored before a moment, in milliseconds since 1970 by the brokers' clock.
    private func newest(before moment: Int64) throws(SpoolError) -> UInt64 {
        let state = try answer(JetStreamAPI.stream(subjects.eventStream))
        var low = max(1, state.number("state", "first_seq"))
        var high = state.number("state", "last_seq") + 1
        while low < high {
            let middle = low + (high - low) / 2
            let found = try message(.next(of: subjects.queued, after: middle - 1), of: subjects.eventStream)
            if let found, let at = found.message.storedAt, at < moment {
                low = found.sequence + 1
            } else {
                high = middle
            }
        }
        return low - 1
    }

    /// How an event's deliveries stand: by what is written down, and else by how far the consumer has come and what relays have in hand.
    public func deliveries(of number: EventNumber) throws(SpoolError) -> [DeliveryStanding] {
        guard let (event, subject) = try found(number) else { return [] }
        var records: [QueueID: ClusterRecord] = [:]
        for (id, last) in try standings(of: deliveries(at: subjects.standings(number))) {
            records[id.queue] = last.record
        }
        return deliveries(of: event, at: subject, records)
    }

    /// How the deliveries stand of an event that was published at a subject, of which these records are written down.
    func deliveries(
        of event: StoredEvent, at subject: String, _ records: [QueueID: ClusterRecord]
    ) -> [DeliveryStanding] {
        let number = event.number
        let queues = board.queues
        var standings: [DeliveryStanding] = []
        // What was moved, or owed by hand, is written down alone.
        for queue in event.owed + records.keys.filter({ !event.owed.contains($0) }).sorted() {
            let record = records[queue]
            let state: DeliveryStanding.State =
                switch record?.state {
                case .done: .done
                case .failed: .failed
                case .later: .later(notBefore: record?.notBefore ?? 0)
                case .again: isOver(record?.message ?? 0, number, queue, subject) ? .done : .waiting
                case nil: isOver(number.rawValue, number, queue, subject) ? .done : .waiting
                }
            standings.append(
                DeliveryStanding(
                    queue: queue, target: queues[queue]?.name ?? "", state: state,
                    progress: record?.progress ?? Progress()))
        }
        return standings
    }

    /// Whether a queue's message, of which nothing else is written down, has come to its end.
    private func isOver(_ message: UInt64, _ event: EventNumber, _ queue: QueueID, _ subject: String) -> Bool {
        let reach = board.part(of: queue, in: subject).reach
        if message <= reach.acknowledged { return true }
        return message <= reach.handedOut && !inHand(queue).contains(event)
    }

    /// The events whose delivery to a queue was given up.
    public func failed(_ queue: QueueID, after number: EventNumber, limit: Int) throws(SpoolError) -> [EventNumber] {
        // Mostly it is asked whether the next one was given up: there is no need to list all for that.
        let next = DeliveryID(event: EventNumber(rawValue: number.rawValue &+ 1), queue: queue)
        if limit == 1, try message(.last(of: subjects.failure(next)), of: subjects.standingStream) != nil {
            return [next.event]
        }
        let all = try self.deliveries(at: subjects.failures(queue))
        return Array(all.map(\.event).filter { $0 > number }.sorted().prefix(limit))
    }

    /// The deliveries of which something is written down at subjects of a pattern.
    func deliveries(at pattern: String) throws(SpoolError) -> [DeliveryID] {
        var found: [DeliveryID] = []
        var offset = 0
        while true {
            let question = "{\"subjects_filter\":\"\(pattern)\",\"offset\":\(offset)}"
            let answer = try answer(JetStreamAPI.stream(subjects.standingStream), question)
            let members = answer.root[key: "state"]?[key: "subjects"]?.members ?? []
            found += members.compactMap { Subjects.delivery($0.key) }
            offset += members.count
            if members.isEmpty || offset >= answer.number("total") { return found }
        }
    }

    /// Takes events out of the stream: the brokers overwrite them.
    public func erase(_ numbers: [EventNumber]) throws(SpoolError) -> [EventNumber: EraseResult] {
        var results: [EventNumber: EraseResult] = [:]
        for number in numbers {
            guard try event(number) != nil else {
                results[number] = .noSuchEvent
                continue
            }
            let owed = try deliveries(of: number).count {
                switch $0.state {
                case .waiting, .later: true
                case .done, .failed: false
                }
            }
            try asking { () throws(NATSFault) in
                try ask(JetStreamAPI.deleteMessage(subjects.eventStream), Array("{\"seq\":\(number.rawValue)}".utf8))
            }
            announceErasing(number)
            results[number] = .erased(cancelled: owed)
        }
        // Whoever has this answer has passed on what was said before.
        if !results.isEmpty { try answer(JetStreamAPI.stream(subjects.eventStream)) }
        return results
    }

    /// What is written down of a delivery, as of its last word.
    func standing(_ delivery: DeliveryID) throws(SpoolError) -> ClusterRecord? {
        try message(.last(of: subjects.standing(delivery)), of: subjects.standingStream)
            .flatMap { ClusterRecord($0.message.payload) }
    }

    /// Reads a message of a stream.
    func message(_ place: MessagePlace, of stream: String) throws(SpoolError) -> StoredMessage? {
        var found: StoredMessage?
        try asking { () throws(NATSFault) in found = try client.message(place, of: stream) }
        return found
    }

    func asking(_ work: () throws(NATSFault) -> Void) throws(SpoolError) {
        do throws(NATSFault) { try work() } catch { throw .elsewhere(reason: "the brokers: \(error.reason)") }
    }
}
