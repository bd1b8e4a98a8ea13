import CPlatform
import NATS
import Spool
import Synchronization

/// What operators ask of the log. All of it blocks until the brokers have answered; not to be called on the client's thread.
extension JetStreamLog {
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
            throw .damaged(segment: 0, offset: 0, reason: "message \(number) of the stream is no event")
        }
        return (event, found.message.subject)
    }

    /// The first event behind a number. The stream does not find events by their time: none is passed over.
    public func retained(after number: EventNumber, since: Int64) -> EventNumber? {
        do throws(SpoolError) {
            return try message(.next(of: subjects.events, after: number.rawValue), of: subjects.eventStream)
                .map { EventNumber(rawValue: $0.sequence) }
        } catch {
            return nil
        }
    }

    /// How an event's deliveries stand: by what is written down, and else by how far the consumer has come.
    public func deliveries(of number: EventNumber) throws(SpoolError) -> [DeliveryStanding] {
        guard let (event, subject) = try found(number) else { return [] }
        let queues = board.queues
        var standings: [DeliveryStanding] = []
        for queue in event.owed {
            let record = try standing(DeliveryID(event: number, queue: queue))
            let state: DeliveryStanding.State =
                switch record?.state {
                case .done: .done
                case .failed: .failed
                case .later: .later(notBefore: record?.notBefore ?? 0)
                case .again: .waiting
                case nil: number.rawValue <= board.part(of: queue, in: subject).acknowledged ? .done : .waiting
                }
            standings.append(
                DeliveryStanding(
                    queue: queue, target: queues[queue]?.name ?? "", state: state,
                    progress: record?.progress ?? Progress()))
        }
        return standings
    }

    /// The events whose delivery to a queue was given up.
    public func failed(_ queue: QueueID, after number: EventNumber, limit: Int) -> [EventNumber] {
        // Mostly it is asked whether the next one was given up: there is no need to list all for that.
        let next = DeliveryID(event: EventNumber(rawValue: number.rawValue &+ 1), queue: queue)
        if limit == 1, (try? message(.last(of: subjects.failure(next)), of: subjects.standingStream)) != nil {
            return [next.event]
        }
        let filter = "{\"subjects_filter\":\"\(subjects.failures(queue))\"}"
        do throws(NATSFault) {
            let answer = try ask(JetStreamAPI.stream(subjects.standingStream), Array(filter.utf8))
            let members = answer.root[key: "state"]?[key: "subjects"]?.members ?? []
            return Array(
                members.compactMap { Subjects.failure($0.key)?.event }.filter { $0 > number }.sorted().prefix(limit))
        } catch {
            return []
        }
    }

    /// Owes deliveries again: a new message says so, and whatever the former one comes to no longer counts.
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
        for delivery in deliveries {
            guard let (event, subject) = try found(delivery.event) else {
                results[delivery] = .noSuchEvent
                continue
            }
            let last = try standing(delivery)
            if onlyOwed && last == nil && !event.owed.contains(delivery.queue) {
                results[delivery] = .neverOwed
                continue
            }
            let share = board.share(of: delivery.queue, in: subject)
            let isNotOut = try delivery.event.rawValue > handedOut(share, &seen)
            if last?.state == .again || last == nil && event.owed.contains(delivery.queue) && isNotOut {
                results[delivery] = .wasOwed
                continue
            }
            if let last, last.state == .later, try hurry(last) {
                results[delivery] = .wasOwed
                continue
            }
            var record = ClusterRecord(delivery, .again)
            // As in a spool: what was given up begins as if it had never been tried.
            if last?.state == .later {
                record.progress.attempts = last?.progress.attempts ?? 0
                record.progress.attemptsBefore = record.progress.attempts
            }
            let again = event.body.withUnsafeBytes { body in
                orders.withLock { $0.share(of: delivery.queue, body: body) }
            }
            guard case .stored(let message)? = try publish(subjects.again(again), record) else {
                throw .elsewhere(reason: "the brokers did not take the request")
            }
            record.message = message
            _ = try publish(subjects.standing(delivery), record)
            if last?.state == .failed {
                try asking { () throws(NATSFault) in
                    let filter = "{\"filter\":\"\(subjects.failure(delivery))\"}"
                    try ask(JetStreamAPI.purge(subjects.standingStream), Array(filter.utf8))
                }
                board.change(delivery.queue) { $0.failed = max(0, $0.failed - 1) }
            }
            results[delivery] = last?.state == .later ? .wasOwed : .reopened
        }
        return results
    }

    /// The last message that a consumer handed out, asked once: the board may be a second behind, and what was delivered
    /// meanwhile would pass for owed.
    private func handedOut(_ share: Share, _ seen: inout [Share: UInt64]) throws(SpoolError) -> UInt64 {
        if let known = seen[share] { return known }
        var number: UInt64 = 0
        try asking { () throws(NATSFault) in
            let info = try ask(JetStreamAPI.consumer(share.consumer, of: subjects.eventStream), [])
            number = info.number("delivered", "stream_seq")
        }
        seen[share] = number
        return number
    }

    /// Finds the first and the last event of what was given up.
    private func nameEnds(
        of sweep: inout QueueSweep, _ parts: some Sequence<(Share, UInt64)>
    ) throws(SpoolError) {
        for (share, acknowledged) in parts {
            let filter = subjects.filter(share)
            guard let first = try message(.next(of: filter, after: acknowledged), of: subjects.eventStream),
                let last = try message(.last(of: filter), of: subjects.eventStream)
            else { continue }
            let (low, high) = (EventNumber(rawValue: first.sequence), EventNumber(rawValue: last.sequence))
            sweep.first = min(sweep.first ?? low, low)
            sweep.last = max(sweep.last ?? high, high)
        }
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
        _ = try publish(subjects.standing(last.delivery), record)
        let mark = DeliveryMark(
            stream: subjects.eventStream, consumer: share.consumer, deliveries: 1, sequence: last.message)
        client.perform { [self] in
            var writer = ProtocolWriter()
            writer.publish(mark.reply, Acknowledgement.again(afterMilliseconds: 0).payload)
            client.send(writer.bytes)
        }
        return true
    }

    /// Gives up what a queue is owed: its consumer begins anew behind the stream's last message.
    public func giveUp(_ queue: QueueID, except kept: Set<EventNumber>) throws(SpoolError) -> QueueSweep {
        var sweep = QueueSweep()
        let parts = board.queues[queue]?.parts.keys.map { Share(queue, $0) } ?? []
        var acknowledged: [UInt64] = []
        try asking { () throws(NATSFault) in
            let stream = try ask(JetStreamAPI.stream(subjects.eventStream), [])
            for share in parts {
                let info = try ask(JetStreamAPI.consumer(share.consumer, of: subjects.eventStream), [])
                acknowledged.append(info.number("ack_floor", "stream_seq"))
                sweep.count += Int(clamping: info.number("num_pending") + info.number("num_ack_pending"))
                try ask(JetStreamAPI.deleteConsumer(share.consumer, of: subjects.eventStream), [])
                var consumer = self.consumer(of: share)
                consumer.start = stream.number("state", "last_seq") + 1
                try ask(JetStreamAPI.createConsumer(consumer), consumer.json)
            }
        }
        if sweep.count > 0 { try nameEnds(of: &sweep, zip(parts, acknowledged)) }
        sweep.count = max(0, sweep.count - kept.count)
        client.perform { [self] in
            for share in parts {
                decide(share) {
                    $0.forget(except: kept, &$1)
                    $0.renew(now: steady(), &$1)
                }
            }
        }
        return sweep
    }

    /// On a cluster a queue can't be moved.
    public func move(_ queue: QueueID, to other: QueueID, except kept: Set<EventNumber>) throws(SpoolError)
        -> QueueSweep
    {
        throw .elsewhere(reason: "`move` is not in this version where the spool is a cluster: use `replay --to`")
    }

    /// Takes events out of the stream: the brokers overwrite them.
    public func erase(_ numbers: [EventNumber]) throws(SpoolError) -> [EventNumber: EraseResult] {
        var results: [EventNumber: EraseResult] = [:]
        for number in numbers {
            guard try event(number) != nil else {
                results[number] = .noSuchEvent
                continue
            }
            try asking { () throws(NATSFault) in
                try ask(JetStreamAPI.deleteMessage(subjects.eventStream), Array("{\"seq\":\(number.rawValue)}".utf8))
            }
            results[number] = .erased(cancelled: 0)
        }
        return results
    }

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

    private func publish(_ subject: String, _ record: ClusterRecord) throws(SpoolError) -> PublishAnswer? {
        var answer: PublishAnswer?
        try asking { () throws(NATSFault) in
            answer = PublishAnswer(try client.call(subject, record.bytes))
            if case .refused(let fault)? = answer { throw fault }
        }
        return answer
    }

    func asking(_ work: () throws(NATSFault) -> Void) throws(SpoolError) {
        do throws(NATSFault) { try work() } catch { throw .elsewhere(reason: "the brokers: \(error.reason)") }
    }
}
