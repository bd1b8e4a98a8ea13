import CPlatform
import NATS
import Spool
import Synchronization

/// What is written down of deliveries beside the stream, and looked up again. On the client's thread.
extension JetStreamLog {
    /// Writes down how a delivery stands, however long that takes, unless another relay has since written something else than what
    /// has the number `last`.
    func write(_ record: ClusterRecord, after last: UInt64) {
        var messages = [Note(subjects.standing(record.delivery), record.bytes, after: last)]
        if record.state == .failed { messages.append(Note(subjects.failure(record.delivery), record.bytes)) }
        publish(messages, deadline: .max) { [self] round, _ in
            guard round.left == 0 else { return }
            if case .refused(let fault)? = round.answers[0], fault.isWrongLast {
                let failure = round.answers.count > 1 ? round.answers[1]?.number : nil
                return compare(record, failure)
            }
            end(record, isWritten: round.answers.allSatisfy { $0?.number != nil })
        }
    }

    private func end(_ record: ClusterRecord, isWritten: Bool) {
        decide(share(of: record.delivery)) {
            if isWritten { $0.written(record, wall: hs_wall_ms(), &$1) } else { $0.unwritten(record, &$1) }
        }
    }

    /// Looks what stands there instead of what a record was to follow. `failure` is the number of the message that says besides that the
    /// delivery was given up, if there is one.
    private func compare(_ record: ClusterRecord, _ failure: UInt64?) {
        client.message(.last(of: subjects.standing(record.delivery)), of: subjects.standingStream) { [self] result in
            guard case .success(let found) = result else { return end(record, isWritten: false) }
            let last = found.flatMap { ClusterRecord($0.message.payload) }
            switch record.refused(by: last) {
            case .isStored: end(record, isWritten: true)
            case .again:
                // Delivered after all, whoever gave it up meanwhile.
                if record.state != .failed && last?.state == .failed { forgetFailure(record.delivery) }
                write(record, after: found?.sequence ?? 0)
            case .isOvertaken:
                // Not given up after all, or not by this relay.
                if let failure, last?.state != .failed { ask(JetStreamAPI.deleteMessage, "{\"seq\":\(failure)}") }
                end(record, isWritten: false)
            }
        }
    }

    /// Forgets that a delivery was given up.
    func forgetFailure(_ delivery: DeliveryID) {
        ask(JetStreamAPI.purge, "{\"filter\":\"\(subjects.failure(delivery))\"}")
    }

    /// Asks something of the stream of standings, and does not wait for the answer.
    private func ask(_ subject: (String) -> String, _ question: String) {
        var writer = ProtocolWriter()
        writer.publish(subject(subjects.standingStream), reply: "\(client.inbox).l", Array(question.utf8))
        client.send(writer.bytes)
    }

    /// A message for a stream.
    struct Note {
        var subject: String
        var payload: [UInt8]
        /// The number that the subject's last message has, else this one is not stored; `nil` for any.
        var last: UInt64?

        init(_ subject: String, _ payload: [UInt8], after last: UInt64? = nil) {
            (self.subject, self.payload, self.last) = (subject, payload, last)
        }
    }

    /// Publishes messages; calls back on the client's thread, maybe several times: the round knows how many answers it lacks.
    func publish(
        _ messages: [Note], deadline: Int64,
        _ told: @escaping @Sendable (Publisher.Round, [Int]) -> Void
    ) {
        let first = nextMessage.add(UInt64(messages.count), ordering: .relaxed).oldValue
        var writer = ProtocolWriter()
        var ends: [Int] = []
        for (index, message) in messages.enumerated() {
            let number = first + UInt64(index)
            var headers = [("Nats-Msg-Id", "\(salt)-\(number)")]
            if let last = message.last { headers.append((Client.expectedLast, String(last))) }
            writer.publish(
                message.subject, reply: "\(client.inbox).p.\(number)", headers: headers,
                payloadCount: message.payload.count
            ) { $0 += message.payload }
            ends.append(writer.bytes.count)
        }
        let round = Publisher.Round(writer.bytes, ends: ends, first: first, deadline: deadline, told: told)
        publisher.publish(round, now: steady()) { client.send($0) }
    }

    /// Looks up how a delivery stood last and, if the message is only about it, the event.
    func lookUp(_ arrival: Shelf.Arrival, for share: Share) {
        let queue = share.queue
        let delivery = DeliveryID(event: arrival.event, queue: queue)
        @Sendable func end(_ found: Shelf.Found) {
            decide(share) { $0.lookedUp(arrival, found, wall: hs_wall_ms(), now: steady(), &$1) }
        }
        client.message(.last(of: subjects.standing(delivery)), of: subjects.standingStream) { [self] result in
            guard case .success(let answer) = result else { return end(.fault) }
            let number = answer?.sequence ?? 0
            let standing = answer.flatMap { ClusterRecord($0.message.payload) }
            guard arrival.again != nil else { return end(.event(standing, number: number)) }
            client.message(.number(arrival.event.rawValue), of: subjects.eventStream) { [self] result in
                guard case .success(let answer) = result else { return end(.fault) }
                guard let answer else { return end(.nothing) }
                bodies.keep(arrival.event, for: queue, answer.message.payload, until: ownedUntil())
                end(.event(standing, number: number))
                if entries[queue]?.holds(arrival.event) != true { bodies.letGo(arrival.event, for: queue) }
            }
        }
    }
}
