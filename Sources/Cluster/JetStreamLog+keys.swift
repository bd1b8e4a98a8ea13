import CPlatform
import NATS
import Spool

/// Events with a key that the stream's window can't tell repetitions of: the bucket of keys is asked first, and told after. On
/// the client's thread, but for `split`.
///
/// An event is answered for when the bucket has its key: a relay that dies before leaves an event in the stream whose sender
/// got no answer, and whose next try within the window the stream still tells.
extension JetStreamLog {
    /// How soon the bucket is asked again that did not answer, in milliseconds.
    private static let pauseMilliseconds: Int64 = 200

    /// An event on its way.
    struct Keyed: Sendable {
        var subject: String
        var key: DedupeKey
        var payload: [UInt8]
        var deadline: Int64
        /// Told what became of it, and whether the brokers could not be reached for it.
        let tell: @Sendable (Fate, _ isUnreached: Bool) -> Void
    }

    /// Takes those events out of a batch that need the bucket: they, and the rest with its places in the batch.
    func split(_ batch: CommitBatch) -> (keyed: [Int], rest: CommitBatch, places: [Int])? {
        let now = hs_wall_ms()
        let window = settings.window.wholeMilliseconds
        func isKeyed(_ event: CommitBatch.Event) -> Bool {
            event.dedupe?.needsBucket(window: window, now: now) ?? false
        }
        guard batch.events.contains(where: isKeyed) else { return nil }
        var (keyed, rest, places): ([Int], CommitBatch, [Int]) = ([], CommitBatch(), [])
        for (place, event) in batch.events.enumerated() {
            if isKeyed(event) {
                keyed.append(place)
            } else {
                places.append(place)
                rest.append(
                    receivedAt: event.receivedAt, owed: event.owed, attributes: batch.attributes[event.attributes],
                    body: event.body, dedupe: event.dedupe)
            }
        }
        return (keyed, rest, places)
    }

    /// Has events taken whose keys are in the bucket or will be.
    func take(_ events: [Keyed]) {
        if let fates = refusal(of: events.count).map({ Array(repeating: .refused($0), count: events.count) })
            ?? fates(ofFrames: events.map(\.payload.count))
        {
            for (event, fate) in zip(events, fates) { event.tell(fate, false) }
            return
        }
        looking += events.count
        let now = steady()
        for var event in events {
            event.deadline += now
            look(event)
        }
    }

    /// Asks the bucket again for those that it did not answer for.
    func lookAgain(now: Int64) {
        guard !lateLooks.isEmpty, now >= lookAgainAt else { return }
        let late = lateLooks
        lateLooks = []
        for event in late { look(event) }
    }

    private func look(_ event: Keyed) {
        guard steady() < event.deadline else {
            return end(event, NATSFault(.later, "the brokers did not say whether the event is a repetition"))
        }
        client.message(.last(of: subjects.key(event.key)), of: subjects.keyStream) { [self] result in
            if case .failure(let fault) = result, fault.kind == .ours { return end(event, fault) }
            guard case .success(let found) = result else {
                lookAgainAt = steady() + JetStreamLog.pauseMilliseconds
                return lateLooks.append(event)
            }
            switch event.key.judge(found.flatMap { KeyRecord($0.message.payload) }, now: hs_wall_ms()) {
            case .repetition(let earlier): end(event, .duplicate(of: earlier))
            case .new(let id): publish(event, id: id)
            }
        }
    }

    private func publish(_ event: Keyed, id: String) {
        let number = nextMessage.add(1, ordering: .relaxed).oldValue
        var writer = ProtocolWriter()
        writer.publish(
            event.subject, reply: "\(client.inbox).p.\(number)", headers: [("Nats-Msg-Id", id)],
            payloadCount: event.payload.count
        ) { $0 += event.payload }
        let frame = writer.bytes
        let round = Publisher.Round(frame, ends: [frame.count], first: number, deadline: event.deadline) {
            [self] round, _ in
            switch round.answers[0] {
            case .stored(let sequence)?:
                let record = KeyRecord(event: EventNumber(rawValue: sequence), until: event.key.until)
                keep(record, of: event, .accepted(record.event))
            case .repeated(let sequence)?: compare(event, with: EventNumber(rawValue: sequence))
            case .refused(let fault)?: end(event, fault)
            case nil: return
            }
        }
        publisher.publish(round, now: steady()) { client.send($0) }
    }

    /// The stream remembers an event of the key that the bucket does not know of: another relay is about to tell it, or died.
    private func compare(_ event: Keyed, with earlier: EventNumber) {
        client.message(.number(earlier.rawValue), of: subjects.eventStream) { [self] result in
            guard case .success(let found) = result else {
                return end(event, NATSFault(.later, "the brokers did not say whether the event is a repetition"))
            }
            let key = found?.message.payload.withUnsafeBytes { EventPayload($0)?.dedupe }
            guard let key, key.hash == event.key.hash else { return end(event, .duplicate(of: earlier)) }
            guard key.until > hs_wall_ms() else { return publish(event, id: event.key.id(after: earlier)) }
            keep(KeyRecord(event: earlier, until: key.until), of: event, .duplicate(of: earlier))
        }
    }

    /// Tells the bucket; only then it is told what became of the event.
    private func keep(_ record: KeyRecord, of event: Keyed, _ fate: Fate) {
        publish([Note(subjects.key(event.key), record.bytes)], deadline: max(event.deadline, steady() + 1_000)) {
            [self] round, _ in
            switch round.answers[0] {
            case .stored?, .repeated?: end(event, fate)
            case .refused(var fault)?:
                // The event itself is stored.
                fault.isUncertain = true
                end(event, fault)
            case nil: return
            }
        }
    }

    private func end(_ event: Keyed, _ fault: NATSFault) {
        looking -= 1
        let answer = PublishAnswer.refused(fault)
        event.tell(answer.fate, answer.isUnreached)
    }

    private func end(_ event: Keyed, _ fate: Fate) {
        looking -= 1
        event.tell(fate, false)
    }
}
