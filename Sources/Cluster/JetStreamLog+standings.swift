import CPlatform
import NATS
import Spool
import Synchronization

/// What is written down of deliveries beside the stream, and looked up again. On the client's thread.
extension JetStreamLog {
    /// Writes down how a delivery stands, however long that takes.
    func write(_ record: ClusterRecord) {
        var targets = [subjects.standing(record.delivery)]
        if record.state == .failed { targets.append(subjects.failure(record.delivery)) }
        publish(targets.map { ($0, record.bytes) }, deadline: .max) { [self] round, _ in
            guard round.left == 0 else { return }
            guard round.answers.allSatisfy({ $0?.isStored == true }) else {
                return decide(share(of: record.delivery)) { $0.unwritten(record, &$1) }
            }
            decide(share(of: record.delivery)) { $0.written(record, wall: hs_wall_ms(), &$1) }
        }
    }

    /// Publishes messages; calls back on the client's thread, maybe several times: the round knows how many answers it lacks.
    func publish(
        _ messages: [(subject: String, payload: [UInt8])], deadline: Int64,
        _ told: @escaping @Sendable (Publisher.Round, [Int]) -> Void
    ) {
        let first = nextMessage.add(UInt64(messages.count), ordering: .relaxed).oldValue
        var writer = ProtocolWriter()
        var ends: [Int] = []
        for (index, message) in messages.enumerated() {
            let number = first + UInt64(index)
            writer.publish(
                message.subject, reply: "\(client.inbox).p.\(number)", headers: [("Nats-Msg-Id", "\(salt)-\(number)")],
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
            let standing = answer.flatMap { ClusterRecord($0.message.payload) }
            guard arrival.again != nil else { return end(.event(standing)) }
            client.message(.number(arrival.event.rawValue), of: subjects.eventStream) { [self] result in
                guard case .success(let answer) = result else { return end(.fault) }
                guard let answer else { return end(.nothing) }
                bodies.keep(arrival.event, for: queue, answer.message.payload, until: ownedUntil(share))
                end(.event(standing))
                if entries[queue]?.holds(arrival.event) != true { bodies.letGo(arrival.event, for: queue) }
            }
        }
    }
}
