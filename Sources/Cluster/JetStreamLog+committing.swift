import NATS
import Spool
import Synchronization

/// How events get into the stream. From any thread.
extension JetStreamLog {
    /// What a frame's first line takes at the least, which does not count as the message's.
    private static let framingBytes = 64

    /// Publishes a batch's events, and calls back on the client's thread as the brokers answer for them.
    public func commit(_ batch: CommitBatch, _ done: @escaping @Sendable (CommitOutcome) -> Void) {
        commit(batch, as: [], within: ClusterSettings.commitMilliseconds) { outcome, _ in done(outcome) }
    }

    /// The same with a limit of time of one's own. `consignments` say of each event what it is called and whom it is fresh for,
    /// where it has been in another log; `done` is also handed what lends an event's payload by its place in the batch, if the
    /// brokers could not be reached for it.
    func commit(
        _ batch: CommitBatch, as consignments: [Consignment], within milliseconds: Int64,
        _ done: @escaping @Sendable (CommitOutcome, _ unreached: (Int) -> ArraySlice<UInt8>?) -> Void
    ) {
        guard let (keyed, rest, places) = split(batch) else {
            return publish(batch, as: consignments, within: milliseconds, done)
        }
        let orders = self.orders.withLock { $0 }
        let events = keyed.compactMap { place -> Keyed? in
            let event = batch.events[place]
            guard let key = event.dedupe else { return nil }
            var payload: [UInt8] = []
            EventPayload.encodeHead(event, of: batch, into: &payload)
            payload += event.body
            return Keyed(
                subject: subjects.event(owedTo: orders.shares(of: event.owed, body: event.body)), key: key,
                payload: payload, deadline: milliseconds
            ) { [payload] fate, isUnreached in
                done(.partly([(place: place, fate: fate)])) { _ in isUnreached ? payload[...] : nil }
            }
        }
        client.perform { [self] in take(events) }
        guard !rest.isEmpty else { return }
        publish(rest, as: consignments.isEmpty ? [] : places.map { consignments[$0] }, within: milliseconds) {
            outcome, unreached in
            func lent(_ place: Int) -> ArraySlice<UInt8>? { places.firstIndex(of: place).flatMap(unreached) }
            switch outcome {
            case .committed(let fates): done(.partly(zip(places, fates).map { (place: $0, fate: $1) }), lent)
            case .partly(let known): done(.partly(known.map { (place: places[$0.place], fate: $0.fate) }), lent)
            case .refused(let refusal), .givenUp(let refusal):
                done(.partly(places.map { (place: $0, fate: .refused(refusal)) })) { _ in nil }
            }
        }
    }

    /// Publishes events whose keys, if they have any, the stream itself knows.
    func publish(
        _ batch: CommitBatch, as consignments: [Consignment], within milliseconds: Int64,
        _ done: @escaping @Sendable (CommitOutcome, _ unreached: (Int) -> ArraySlice<UInt8>?) -> Void
    ) {
        let count = batch.events.count
        let first = nextMessage.add(UInt64(count), ordering: .relaxed).oldValue
        var writer = ProtocolWriter()
        writer.reserve(batch.events.reduce(0) { $0 + $1.body.count + 512 } + batch.attributes.count)
        var ends: [Int] = []
        var sizes: [Int] = []
        let orders = self.orders.withLock { $0 }
        let reply = client.inbox + ".p."
        // Most events are owed to the same targets as the one before.
        var subject: (shares: [Share], text: String) = ([], subjects.event(owedTo: []))
        for (index, event) in batch.events.enumerated() {
            let consignment = consignments.isEmpty ? nil : consignments[index]
            let shares = orders.shares(of: consignment?.fresh ?? event.owed, body: event.body)
            if shares != subject.shares { subject = (shares, subjects.event(owedTo: shares)) }
            var head: [UInt8] = []
            EventPayload.encodeHead(event, of: batch, into: &head)
            let number = first + UInt64(index)
            let id = consignment?.id ?? event.dedupe?.id ?? "\(salt)-\(number)"
            writer.publish(
                subject.text, reply: reply + String(number), headers: [("Nats-Msg-Id", id)],
                payloadCount: head.count + event.body.count
            ) { bytes in
                bytes += head
                bytes += event.body
            }
            ends.append(writer.bytes.count)
            sizes.append(head.count + event.body.count)
        }
        let bytes = writer.bytes
        client.perform { [self, ends, sizes] in
            // A frame ends with its payload and a line's end.
            @Sendable func payload(_ place: Int) -> ArraySlice<UInt8> {
                bytes[(ends[place] - 2 - sizes[place])..<(ends[place] - 2)]
            }
            if let refusal = refusal(of: count) { return done(.refused(refusal)) { _ in nil } }
            if let fates = fates(ofFrames: zip(ends, [0] + ends).map { $0 - $1 }) {
                return done(.committed(fates)) { _ in nil }
            }
            let now = steady()
            let round = Publisher.Round(bytes, ends: ends, first: first, deadline: now + milliseconds) {
                round, places in
                let fates = places.compactMap { place in round.answers[place].map { (place: place, fate: $0.fate) } }
                done(fates.count == count ? .committed(fates.inOrder) : .partly(fates)) { place in
                    round.answers[place]?.isUnreached == true ? payload(place) : nil
                }
            }
            publisher.publish(round, now: now) { client.send($0) }
        }
    }

    func refusal(of count: Int) -> CommitRefusal? {
        guard publisher.waiting + looking + count > ClusterSettings.waitingLimit else { return nil }
        return CommitRefusal(
            reason: "too many events wait for the brokers", retryAfterSeconds: ClusterSettings.retryAfterSeconds)
    }

    /// What becomes of a round of which an event is too long for the brokers, who would close the connection: nothing of it is sent,
    /// and those that came along with it can be sent again.
    func fates(ofFrames sizes: [Int]) -> [Fate]? {
        let limitBytes = longest.load(ordering: .relaxed)
        guard limitBytes > 0 else { return nil }
        let areLong = sizes.map { $0 > limitBytes + JetStreamLog.framingBytes }
        guard areLong.contains(true) else { return nil }
        return areLong.map { isLong in
            .refused(
                CommitRefusal(
                    isLong ? .tooLong(limitBytes: limitBytes) : .notTaken,
                    reason: isLong
                        ? "the event is longer than the brokers take: their max_payload is \(limitBytes) bytes"
                        : "an event that came along with it is longer than the brokers take",
                    retryAfterSeconds: ClusterSettings.retryAfterSeconds))
        }
    }
}

extension PublishAnswer {
    /// Whether the brokers could not be reached, don't let this relay publish, or can't take anything now, for another reason than that
    /// the stream holds all it may.
    var isUnreached: Bool {
        guard case .refused(let fault) = self else { return false }
        return fault.kind != .never && !fault.reason.contains("maximum bytes exceeded")
    }

    /// What it means for the event.
    var fate: Fate {
        switch self {
        case .stored(let sequence): .accepted(EventNumber(rawValue: sequence))
        case .repeated(let sequence): .duplicate(of: EventNumber(rawValue: sequence))
        case .refused(let fault):
            .refused(
                CommitRefusal(
                    fault.isUncertain ? .unknown : .notTaken, reason: fault.reason,
                    retryAfterSeconds: ClusterSettings.retryAfterSeconds))
        }
    }
}

extension [(place: Int, fate: Fate)] {
    fileprivate var inOrder: [Fate] { sorted { $0.place < $1.place }.map(\.fate) }
}
