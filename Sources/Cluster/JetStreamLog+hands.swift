import Dispatch
import NATS
import Spool
import Synchronization

/// What relays have in hand, asked of all of them: of a message that a consumer handed out and that has no outcome yet, nobody else
/// knows whether it is under way or acknowledged. The question goes from relay to relay by the brokers and is not kept; one that is
/// frozen or cut off does not answer.
extension JetStreamLog {
    /// How long the relays' answers are waited for, and for how long they are good, in milliseconds.
    private static let handsMilliseconds = 500
    private static let handsGoodMilliseconds: Int64 = 1_000
    /// A relay that said nothing for so long, in milliseconds, is not waited for.
    private static let silentMilliseconds: Int64 = 10_000

    /// What was in hand of a queue when it was asked for.
    struct Hands: Sendable {
        var events: Set<EventNumber>
        /// By the steady clock.
        var askedAt: Int64
    }

    /// A question under way.
    final class HandsQuestion: Sendable {
        let bell = DispatchSemaphore(value: 0)
        let events = Mutex<Set<EventNumber>>([])
    }

    /// How far a share's consumer has come.
    struct Reach: Sendable {
        /// The messages up to this one are all acknowledged.
        var acknowledged: UInt64 = 0
        /// The last message that was handed out.
        var handedOut: UInt64 = 0

        init() {}

        init(_ consumer: APIAnswer) {
            acknowledged = consumer.number("ack_floor", "stream_seq")
            handedOut = consumer.number("delivered", "stream_seq")
        }
    }

    /// The events of a queue that some relay has in hand, as of the last second. Blocks; not on the client's thread.
    func inHand(_ queue: QueueID) -> Set<EventNumber> {
        let now = steady()
        if let known = hands.withLock({ $0[queue] }), now - known.askedAt < JetStreamLog.handsGoodMilliseconds {
            return known.events
        }
        let count = relaysAlive()
        let number = nextMessage.add(1, ordering: .relaxed).oldValue
        let question = HandsQuestion()
        handsQuestions.withLock { $0[number] = question }
        client.perform { [self] in
            var writer = ProtocolWriter()
            writer.publish(subjects.inHand(queue), reply: "\(client.inbox).h.\(number)", [])
            client.send(writer.bytes)
        }
        let end = DispatchTime.now() + .milliseconds(JetStreamLog.handsMilliseconds)
        for _ in 0..<count where question.bell.wait(timeout: end) == .timedOut { break }
        handsQuestions.withLock { $0[number] = nil }
        let events = question.events.withLock { $0 }
        hands.withLock { $0[queue] = Hands(events: events, askedAt: now) }
        return events
    }

    /// How many relays have spoken lately; one, if nobody says.
    private func relaysAlive() -> Int {
        let notes = (try? relays()) ?? []
        let last = notes.map(\.at).max() ?? 0
        return max(1, notes.count { $0.at > last - JetStreamLog.silentMilliseconds })
    }

    /// Another relay, or this one, asks what is in hand here. Whoever only looks does not answer: nobody waits for it. On the client's
    /// thread.
    func askedForHands(_ message: Message) {
        guard !entries.isEmpty, let reply = message.reply, let queue = subjects.queue(ofWord: message.subject) else {
            return
        }
        var payload: [UInt8] = []
        for share in entries[queue]?.shares ?? [] {
            for event in entries[queue]?[share]?.held.keys ?? [:].keys {
                withUnsafeBytes(of: event.rawValue.littleEndian) { payload += $0 }
            }
        }
        var writer = ProtocolWriter()
        writer.publish(reply, payload)
        client.send(writer.bytes)
    }

    /// A relay says what it has in hand. On the client's thread.
    func heardOfHands(_ number: UInt64, _ message: Message) {
        guard let question = handsQuestions.withLock({ $0[number] }) else { return }
        question.events.withLock { events in
            message.payload.withUnsafeBytes { bytes in
                for offset in stride(from: 0, through: bytes.count - 8, by: 8) {
                    let number = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                    events.insert(EventNumber(rawValue: number))
                }
            }
        }
        question.bell.signal()
    }

    /// Tells all relays that an event was erased: none begins a delivery of it any more.
    func announceErasing(_ event: EventNumber) {
        client.perform { [self] in
            var writer = ProtocolWriter()
            writer.publish(subjects.erasing(event), [])
            client.send(writer.bytes)
        }
    }

    /// An event was erased. On the client's thread.
    func heardOfErasing(_ message: Message) {
        guard let event = subjects.event(ofErasing: message.subject) else { return }
        bodies.forget(event)
        for share in shares where entries[share.queue]?[share]?.held[event] != nil {
            decide(share) { $0.erase(event, &$1) }
        }
    }
}
