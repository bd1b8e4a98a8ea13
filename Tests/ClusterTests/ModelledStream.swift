import NATS
import Spool

@testable import Cluster

/// What JetStream does of all that the log asks of it: a stream of events that knows a message's id again, a consumer that gives each
/// message out until it is told that it has ended, and the last record of each delivery. A plain value: time comes in.
///
/// It keeps what it has confirmed, whatever happens; what it has not, it may have or not.
struct ModelledStream {
    /// Where a message of the consumer stands.
    struct Delivery {
        var count = 0
        /// Not given out before.
        var notBefore: Int64 = 0
        /// Given out, and not given out again before; `nil` if it waits.
        var outUntil: Int64?
        var endedAt: Int64?
    }

    /// A record that was written, and since when.
    struct Written {
        var record: ClusterRecord
        var at: Int64
        var number: UInt64
    }

    /// Messages that a relay has asked for.
    private struct Pull {
        var reply: String
        var left: Int
        var until: Int64
    }

    static let ackWait: Int64 = 30_000
    static let dedupe: Int64 = 120_000

    private(set) var events: [[UInt8]] = []
    private(set) var deliveries: [Delivery] = []
    /// All that was ever written of a delivery, in order.
    private(set) var written: [UInt64: [Written]] = [:]
    /// The failures that were written down.
    private(set) var failures: Set<UInt64> = []
    /// How many records were written of any delivery.
    private var records: UInt64 = 0
    private var ids: [String: (sequence: UInt64, at: Int64)] = [:]
    private var pulls: [Pull] = []

    /// Takes an event.
    mutating func store(_ payload: [UInt8], id: String, now: Int64) -> PublishAnswer {
        if let known = ids[id], now - known.at < ModelledStream.dedupe { return .repeated(known.sequence) }
        events.append(payload)
        deliveries.append(Delivery())
        ids[id] = (UInt64(events.count), now)
        return .stored(UInt64(events.count))
    }

    /// Takes a record of a delivery if the last one has the number `last`, or of its failure.
    mutating func write(_ record: ClusterRecord, after last: UInt64?, asFailure: Bool, id: String, now: Int64)
        -> PublishAnswer
    {
        if let known = ids[id], now - known.at < ModelledStream.dedupe { return .repeated(known.sequence) }
        let event = record.delivery.event.rawValue
        if let last, last != written[event]?.last?.number ?? 0 {
            return .refused(NATSFault(.never, "wrong last sequence", code: NATSFault.wrongLastSequence))
        }
        ids[id] = (1, now)
        if asFailure {
            failures.insert(event)
        } else {
            records += 1
            written[event, default: []].append(Written(record: record, at: now, number: records))
        }
        return .stored(1)
    }

    mutating func ask(for count: Int, reply: String, until: Int64) {
        pulls.append(Pull(reply: reply, left: count, until: until))
    }

    /// A new leader knows of nobody who has asked.
    mutating func forgetPulls() { pulls = [] }

    /// What an acknowledgement says.
    mutating func acknowledge(_ sequence: UInt64, _ text: String, now: Int64) {
        let index = Int(sequence) - 1
        guard deliveries.indices.contains(index), deliveries[index].endedAt == nil else { return }
        switch text {
        case "+ACK", "+TERM": deliveries[index].endedAt = now
        case "+WPI": if deliveries[index].outUntil != nil { deliveries[index].outUntil = now + ModelledStream.ackWait }
        default:
            let delay = text.split(separator: ":").dropFirst().first
                .flatMap { Int64($0.filter(\.isNumber)) }.map { $0 / 1_000_000 }
            deliveries[index].outUntil = nil
            deliveries[index].notBefore = now + (delay ?? 0)
        }
    }

    /// What goes out now: messages for whom asked, and the ends of pulls whose time is over.
    mutating func goOut(now: Int64) -> (
        messages: [(reply: String, sequence: UInt64, count: Int)], ends: [(reply: String, left: Int)]
    ) {
        var messages: [(String, UInt64, Int)] = []
        for index in deliveries.indices {
            if let until = deliveries[index].outUntil, until <= now { deliveries[index].outUntil = nil }
            let delivery = deliveries[index]
            guard delivery.endedAt == nil, delivery.outUntil == nil, delivery.notBefore <= now,
                let pull = pulls.firstIndex(where: { $0.left > 0 && $0.until > now })
            else { continue }
            pulls[pull].left -= 1
            deliveries[index].count += 1
            deliveries[index].outUntil = now + ModelledStream.ackWait
            messages.append((pulls[pull].reply, UInt64(index + 1), deliveries[index].count))
        }
        let over = pulls.filter { $0.left > 0 && $0.until <= now }
        pulls.removeAll { $0.left == 0 || $0.until <= now }
        return (messages, over.map { ($0.reply, $0.left) })
    }

    /// The record that counts.
    func standing(of event: UInt64) -> Written? { written[event]?.last }

    var isFinished: Bool { deliveries.allSatisfy { $0.endedAt != nil } }
}

/// One thing that a client said: `PUB` or `HPUB`.
struct Said {
    var subject = ""
    var reply = ""
    var id = ""
    /// The number that the subject's last message is to have.
    var last: UInt64?
    var payload: [UInt8] = []

    /// Takes the first frame off what a client has written.
    init?(_ bytes: inout ArraySlice<UInt8>) {
        guard let end = bytes.firstIndex(of: 0x0D) else { return nil }
        let words = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ").map(String.init)
        let isWithHeaders = words[0] == "HPUB"
        let counts = words.suffix(isWithHeaders ? 2 : 1).compactMap { Int($0) }
        subject = words[1]
        if words.count == (isWithHeaders ? 5 : 4) { reply = words[2] }
        let start = end + 2
        let total = counts.last ?? 0
        if isWithHeaders {
            let headers = String(decoding: bytes[start..<start + counts[0]], as: UTF8.self)
            func header(_ name: String) -> String? {
                headers.split(separator: "\r\n").first { $0.hasPrefix(name + ": ") }.map {
                    String($0.dropFirst(name.count + 2))
                }
            }
            id = header("Nats-Msg-Id") ?? ""
            last = header(Client.expectedLast).flatMap { UInt64($0) }
        }
        payload = Array(bytes[(start + (isWithHeaders ? counts[0] : 0))..<start + total])
        bytes = bytes[(start + total + 2)...]
    }
}
