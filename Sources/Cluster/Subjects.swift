import Spool

/// What streams, subjects and consumers are called. Logic alone.
///
/// ```
/// stream NAME            NAME.q.e.b0.b1.….b15     an event: bit i is 1 if it is owed to a queue whose number mod 16 is i
///                        NAME.q.a.b0.b1.….b15     an event that is owed again to one queue
/// stream NAME_standings  NAME.s.queue.event         how a delivery stands that was not simply delivered
///                        NAME.f.queue.event         a delivery given up, as long as it is
/// stream NAME_targets    NAME.t.name in hexadecimal digits; the message's number is the queue's
/// ```
/// A queue's consumer wants the messages that have its bit: one pattern, which every version of the server can filter by. With
/// more than sixteen targets some that are for another come along, and are passed over.
struct Subjects: Sendable {
    /// How many bits a subject has.
    static let bits = 16

    let name: String

    var eventStream: String { name }
    var standingStream: String { name + "_standings" }
    var targetStream: String { name + "_targets" }

    /// Events and repetitions: servers before 2.10 want a consumer's filter to be part of one of the stream's patterns.
    var queued: String { "\(name).q.>" }
    var events: String { eventPrefix + ">" }
    /// What an event's subject begins with.
    var eventPrefix: String { "\(name).q.e." }
    var standings: String { "\(name).s.>" }
    var failures: String { "\(name).f.>" }
    var targets: String { "\(name).t.>" }

    /// Where an event is published.
    func event(owedTo queues: [QueueID]) -> String { eventPrefix + Subjects.bits(of: queues) }

    /// Where it is published that an event is owed again.
    func again(_ queue: QueueID) -> String { "\(name).q.a." + Subjects.bits(of: [queue]) }

    /// What a queue's consumer wants.
    func filter(_ queue: QueueID) -> String {
        let mine = Int(queue.rawValue) % Subjects.bits
        return "\(name).q.*." + (0..<Subjects.bits).map { $0 == mine ? "1" : "*" }.joined(separator: ".")
    }

    /// A queue's consumer.
    func consumer(_ queue: QueueID) -> String { "q\(queue.rawValue)" }

    /// The queue whose consumer this is.
    static func queue(of consumer: String) -> QueueID? {
        consumer.hasPrefix("q") ? UInt16(consumer.dropFirst()).map { QueueID(rawValue: $0) } : nil
    }

    /// Where it is published how a delivery stands.
    func standing(_ delivery: DeliveryID) -> String {
        "\(name).s.\(delivery.queue.rawValue).\(delivery.event.rawValue)"
    }

    /// Where it is published besides that a delivery was given up.
    func failure(_ delivery: DeliveryID) -> String {
        "\(name).f.\(delivery.queue.rawValue).\(delivery.event.rawValue)"
    }

    /// All that a queue's deliveries were given up of.
    func failures(_ queue: QueueID) -> String { "\(name).f.\(queue.rawValue).*" }

    /// The delivery that a failure's subject names.
    static func failure(_ subject: String) -> DeliveryID? {
        let words = subject.split(separator: ".")
        guard words.count >= 4, words[words.count - 3] == "f", let queue = UInt16(words[words.count - 2]),
            let event = UInt64(words[words.count - 1])
        else { return nil }
        return DeliveryID(event: EventNumber(rawValue: event), queue: QueueID(rawValue: queue))
    }

    /// Where a target's name is published.
    func target(_ target: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let hex = target.utf8.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "\(name).t." + String(decoding: hex, as: UTF8.self)
    }

    private static func bits(of queues: [QueueID]) -> String {
        var set: UInt16 = 0
        for queue in queues { set |= 1 << (queue.rawValue % UInt16(bits)) }
        return (0..<bits).map { set & 1 << UInt16($0) == 0 ? "0" : "1" }.joined(separator: ".")
    }
}
