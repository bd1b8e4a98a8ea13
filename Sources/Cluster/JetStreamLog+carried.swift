import CPlatform
import Dispatch
import NATS
import Spool
import Synchronization

/// What is stored for whoever carries events into the cluster, or out of it. All of it blocks until the brokers have answered.
extension JetStreamLog {
    /// A message of a stream of the log's.
    struct Stored: Sendable {
        var subject: String
        var record: ClusterRecord
        /// Its `Nats-Msg-Id`: sent again under the same one, it is stored once.
        var id: String
        /// The number that the subject's last message has, 0 for none, else this one is not stored; `nil` for any.
        var last: UInt64?
    }

    /// A delivery that was tried or given up in another log.
    struct Carried: Sendable {
        var delivery: DeliveryID
        var state: DeliveryStanding.State
        var progress: Progress
        /// What its event was published as.
        var id: String
        /// The part of the queue that its event belongs to.
        var share: Share
    }

    /// How long the brokers have to store what is carried, in milliseconds.
    static let carryMilliseconds: Int64 = 5_000

    /// Stores how deliveries stood in another log: one that is owed gets a message of its own, which says how far it has come;
    /// one that was given up is noted as such.
    func carry(_ deliveries: [Carried]) throws(SpoolError) {
        guard !deliveries.isEmpty else { return }
        var records: [ClusterRecord] = []
        for carried in deliveries {
            var record = ClusterRecord(carried.delivery, carried.state == .failed ? .failed : .again)
            record.progress = carried.progress
            if case .later(let notBefore) = carried.state { record.notBefore = notBefore }
            record.message = carried.delivery.event.rawValue
            records.append(record)
        }
        let owed = records.indices.filter { records[$0].state == .again }
        let numbers = try store(
            owed.map { place in
                Stored(
                    subject: subjects.again(deliveries[place].share), record: records[place],
                    id: "\(deliveries[place].id)-\(records[place].delivery.queue.rawValue)")
            })
        for (place, number) in zip(owed, numbers) { records[place].message = number }
        // What the delivery has come to meanwhile counts more than how it began.
        let written = try storeUnlessOvertaken(
            records.map { Stored(subject: subjects.standing($0.delivery), record: $0, id: fresh(), last: 0) })
        var failed: [ClusterRecord] = []
        var doubted: [ClusterRecord] = []
        for (record, number) in zip(records, written) where record.state == .failed {
            if number != nil { failed.append(record) } else { doubted.append(record) }
        }
        // Whoever carried it first may have died before it was noted as given up.
        for round in doubted.rounds {
            let standings = try standings(of: round.map(\.delivery))
            failed += round.filter { standings[$0.delivery]?.record == $0 }
        }
        try storeUnlessOvertaken(
            failed.map { Stored(subject: subjects.failure($0.delivery), record: $0, id: fresh(), last: 0) })
    }

    /// A name that no other message has.
    func fresh() -> String { "\(salt)-\(nextMessage.add(1, ordering: .relaxed).oldValue)" }

    /// Stores messages, and answers their numbers.
    @discardableResult
    func store(_ messages: [Stored]) throws(SpoolError) -> [UInt64] {
        var numbers: [UInt64] = []
        for answer in publish(messages) {
            switch answer {
            case .stored(let number), .repeated(let number): numbers.append(number)
            case .refused(let fault): throw .elsewhere(reason: "the brokers: \(fault.reason)")
            }
        }
        return numbers
    }

    /// Stores messages, and answers their numbers; `nil` for those whose subject has got another last message.
    @discardableResult
    func storeUnlessOvertaken(_ messages: [Stored]) throws(SpoolError) -> [UInt64?] {
        var numbers: [UInt64?] = []
        for answer in publish(messages) {
            switch answer {
            case .stored(let number), .repeated(let number): numbers.append(number)
            case .refused(let fault) where fault.isWrongLast: numbers.append(nil)
            case .refused(let fault): throw .elsewhere(reason: "the brokers: \(fault.reason)")
            }
        }
        return numbers
    }

    /// Publishes messages, and waits for the answers to all of them.
    private func publish(_ messages: [Stored]) -> [PublishAnswer] {
        guard !messages.isEmpty else { return [] }
        let first = nextMessage.add(UInt64(messages.count), ordering: .relaxed).oldValue
        var writer = ProtocolWriter()
        var ends: [Int] = []
        for (index, message) in messages.enumerated() {
            let payload = message.record.bytes
            var headers = [("Nats-Msg-Id", message.id)]
            if let last = message.last { headers.append((Client.expectedLast, String(last))) }
            writer.publish(
                message.subject, reply: "\(client.inbox).p.\(first + UInt64(index))", headers: headers,
                payloadCount: payload.count
            ) { $0 += payload }
            ends.append(writer.bytes.count)
        }
        let bell = DispatchSemaphore(value: 0)
        let answers = Answers()
        let bytes = writer.bytes
        client.perform { [self, ends] in
            let now = steady()
            let round = Publisher.Round(
                bytes, ends: ends, first: first, deadline: now + JetStreamLog.carryMilliseconds
            ) { round, _ in
                guard round.left == 0 else { return }
                answers.all.withLock { $0 = round.answers.compactMap(\.self) }
                bell.signal()
            }
            publisher.publish(round, now: now) { client.send($0) }
        }
        bell.wait()
        return answers.all.withLock { $0 }
    }

    /// Gives up what waits for an answer: whoever waits for it hears so at once.
    func giveUpPublishing() { client.perform { [self] in publisher.stop() } }

    /// Asks JetStream something.
    @discardableResult
    func answer(_ subject: String, _ question: String = "") throws(SpoolError) -> APIAnswer {
        do throws(NATSFault) { return try ask(subject, Array(question.utf8)) } catch {
            throw .elsewhere(reason: "the brokers: \(error.reason)")
        }
    }

    /// The first event behind a number, with all that is kept of it.
    func next(after number: EventNumber) throws(SpoolError) -> StoredEvent? {
        var last = number.rawValue
        while let found = try message(.next(of: subjects.events, after: last), of: subjects.eventStream) {
            if let event = StoredEvent(EventNumber(rawValue: found.sequence), payload: found.message.payload) {
                return event
            }
            last = found.sequence
        }
        return nil
    }

    /// How every delivery stands of which something is written down, as of its last word.
    func forEachStanding(_ take: (ClusterRecord) -> Void) throws(SpoolError) {
        var last: UInt64 = 0
        while let found = try message(.next(of: subjects.standings, after: last), of: subjects.standingStream) {
            last = found.sequence
            if let record = ClusterRecord(found.message.payload) { take(record) }
        }
    }

    /// What is behind a number for one consumer: the message's own number, what it says, and the event that it is, if it is one.
    func next(for share: Share, after number: UInt64) throws(SpoolError)
        -> (number: UInt64, again: ClusterRecord?, event: StoredEvent?)?
    {
        guard let found = try message(.next(of: subjects.filter(share), after: number), of: subjects.eventStream) else {
            return nil
        }
        if found.message.subject.hasPrefix(subjects.eventPrefix) {
            let event = StoredEvent(EventNumber(rawValue: found.sequence), payload: found.message.payload)
            return (found.sequence, nil, event)
        }
        return (found.sequence, ClusterRecord(found.message.payload), nil)
    }

    /// Keeps an event's key in the bucket, if the stream's window can't tell its repetitions.
    func keep(_ keys: [(key: DedupeKey, event: EventNumber)]) throws(SpoolError) {
        for entry in keys {
            let record = KeyRecord(event: entry.event, until: entry.key.until)
            try asking { () throws(NATSFault) in
                let answer = PublishAnswer(try client.call(subjects.key(entry.key), record.bytes))
                if case .refused(let fault) = answer { throw fault }
            }
        }
    }

    /// The event that the bucket has for a key that still counts.
    func event(ofKey key: DedupeKey, now: Int64) throws(SpoolError) -> EventNumber? {
        let found = try message(.last(of: subjects.key(key)), of: subjects.keyStream)
        guard let record = found.flatMap({ KeyRecord($0.message.payload) }), record.until > now else { return nil }
        return record.event
    }

    private final class Answers: Sendable {
        let all = Mutex<[PublishAnswer]>([])
    }
}
