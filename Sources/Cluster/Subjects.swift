import Spool

/// What streams, subjects and consumers are called. Logic alone.
///
/// ```
/// stream NAME            NAME.q.e.b0.….b15.p0.….p7   an event: bit i is 1 if it is owed to a queue whose number mod 16 is i;
///                                                    pI is its partition for the queue in slot I, which keeps an order, else -
///                        NAME.q.a.b0.….b15.p0.….p7   an event that is owed again to one queue
/// stream NAME_standings  NAME.s.queue.event          how a delivery stands that was not simply delivered
///                        NAME.f.queue.event          a delivery given up, as long as it is
/// stream NAME_targets    NAME.t.name in hexadecimal digits; the message's number is the queue's
///                        NAME.o.SLOT                 the name of the target whose order has the slot
/// bucket NAME_keys       $KV.NAME_keys.HASH          the event that a key came with last, and until when it counts
/// bucket NAME_words      $KV.NAME_words.queue        what was said by hand of a queue last
/// ```
/// A queue's consumer wants the messages that have its bit: one pattern, which every version of the server can filter by. With
/// more than sixteen targets some that are for another come along, and are passed over. A queue that keeps an order has a
/// consumer for each partition instead, and its bit says nothing of those events.
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
    /// The buckets of keys and of words, which other clients call `NAME_keys` and `NAME_words`.
    var keyStream: String { "KV_\(name)_keys" }
    var keys: String { "$KV.\(name)_keys.>" }
    var wordStream: String { "KV_\(name)_words" }
    var words: String { "$KV.\(name)_words.>" }
    var replayStream: String { "KV_\(name)_replays" }
    var replays: String { "$KV.\(name)_replays.>" }
    /// Where a replay is kept.
    func replay(_ id: Int) -> String { "$KV.\(name)_replays.\(id)" }
    /// Where it is kept with which event a key came.
    func key(_ key: DedupeKey) -> String { "$KV.\(name)_keys.\(key.id)" }
    /// Where it is kept what was said by hand of a queue.
    func word(_ queue: QueueID) -> String { "$KV.\(name)_words.\(queue.rawValue)" }
    /// The queue that a word is said of.
    func queue(ofWord subject: String) -> QueueID? {
        subject.split(separator: ".").last.flatMap { UInt16($0) }.map { QueueID(rawValue: $0) }
    }
    /// Where relays tell one another that one of them empties a queue.
    func emptying(_ queue: QueueID) -> String { "\(emptyingPrefix)\(queue.rawValue)" }
    var emptyingPrefix: String { "\(name).w." }
    var emptyings: String { "\(emptyingPrefix)*" }
    /// Where a relay asks all of them what they have in hand of a queue.
    func inHand(_ queue: QueueID) -> String { "\(handsPrefix)\(queue.rawValue)" }
    var handsPrefix: String { "\(name).h." }
    var handsQuestions: String { "\(handsPrefix)*" }
    /// Where a relay tells all of them that an event was erased.
    func erasing(_ event: EventNumber) -> String { "\(erasingPrefix)\(event.rawValue)" }
    var erasingPrefix: String { "\(name).x." }
    var erasings: String { "\(erasingPrefix)*" }
    /// The event that was erased.
    func event(ofErasing subject: String) -> EventNumber? {
        UInt64(subject.dropFirst(erasingPrefix.count)).map { EventNumber(rawValue: $0) }
    }
    var slots: String { "\(name).o.*" }
    /// Where it is published which target has a slot.
    func slot(_ slot: Int) -> String { "\(name).o.\(slot)" }

    /// Where an event is published that is owed to these.
    func event(owedTo shares: [Share]) -> String { eventPrefix + Subjects.marks(of: shares) }

    /// Where it is published that an event is owed again.
    func again(_ share: Share) -> String { "\(name).q.a." + Subjects.marks(of: [share]) }

    /// What a consumer wants.
    func filter(_ share: Share) -> String {
        var marks = Array(repeating: "*", count: Subjects.bits + Partition.slots)
        if let partition = share.partition {
            marks[Subjects.bits + partition.slot] = String(partition.number)
        } else {
            marks[Int(share.queue.rawValue) % Subjects.bits] = "1"
        }
        return "\(name).q.*." + marks.joined(separator: ".")
    }

    /// In which part of a queue a message stands whose subject this is: a partition in one of the slots that are the queue's, or
    /// else what keeps no order.
    static func share(of queue: QueueID, in subject: String, slots: some Collection<Int>) -> Share {
        guard !slots.isEmpty else { return Share(queue) }
        let marks = subject.split(separator: ".").suffix(Partition.slots)
        for slot in slots {
            if let number = Int(marks[marks.startIndex + slot]) {
                return Share(queue, Partition(slot: slot, number: number))
            }
        }
        return Share(queue)
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

    /// All that is written down of how a queue's deliveries stand, or of an event's.
    func standings(_ queue: QueueID) -> String { "\(name).s.\(queue.rawValue).*" }
    func standings(_ event: EventNumber) -> String { "\(name).s.*.\(event.rawValue)" }

    /// The delivery that the subject of a standing or a failure names.
    static func delivery(_ subject: String) -> DeliveryID? {
        let words = subject.split(separator: ".")
        guard words.count >= 4, ["s", "f"].contains(words[words.count - 3]),
            let queue = UInt16(words[words.count - 2]), let event = UInt64(words[words.count - 1])
        else { return nil }
        return DeliveryID(event: EventNumber(rawValue: event), queue: QueueID(rawValue: queue))
    }

    /// Where a target's name is published.
    func target(_ target: String) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let hex = target.utf8.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "\(name).t." + String(decoding: hex, as: UTF8.self)
    }

    private static func marks(of shares: [Share]) -> String {
        var set: UInt16 = 0
        var places: [Int: Int] = [:]
        for share in shares {
            if let partition = share.partition {
                places[partition.slot] = partition.number
            } else {
                set |= 1 << (share.queue.rawValue % UInt16(bits))
            }
        }
        var text = ""
        for bit in 0..<bits { text += set & 1 << UInt16(bit) == 0 ? "0." : "1." }
        guard !places.isEmpty else { return text + noPlaces }
        return text + (0..<Partition.slots).map { places[$0].map(String.init) ?? "-" }.joined(separator: ".")
    }

    private static let noPlaces = Array(repeating: "-", count: Partition.slots).joined(separator: ".")
}
