import CPlatform
import Glibc
import NATS
import Spool

/// What all relays wrote of a kind of record, read from the brokers; no relay need be there. Every call blocks. For one thread.
public final class RecordStream {
    /// Lines that one relay published together, the oldest first.
    public struct Batch: Sendable {
        /// The message's number in the stream.
        public var number: UInt64
        /// The relay's name.
        public var relay: String
        /// Whole lines.
        public var lines: [UInt8]
    }

    /// How many messages are asked for at once.
    public static let window = 64
    /// How long the brokers may take to be there, in milliseconds, and how soon they are asked again.
    private static let patienceMilliseconds: Int64 = 10_000
    private static let pauseMicroseconds: UInt32 = 100_000
    /// How often a message is asked for again that the broker does not have that answers: it may lag behind.
    private static let tries = 20

    private let client: Client
    /// Hears why there is no connection, where it is not a log's.
    private let owner: Onlooker?
    private let patienceMilliseconds: Int64
    private let stream: String

    /// Connects to the brokers.
    /// - Throws: `SpoolError.elsewhere` with the reason.
    public init(_ settings: ClusterSettings, _ kind: RecordKind) throws(SpoolError) {
        stream = Subjects(name: settings.name).recordStream(kind)
        let owner = Onlooker()
        self.owner = owner
        patienceMilliseconds = RecordStream.patienceMilliseconds
        do throws(NATSFault) { client = try Client(settings.client) } catch {
            throw .elsewhere(reason: "the brokers: \(error.reason)")
        }
        guard client.start(owner: owner) else { throw .elsewhere(reason: "the process may have no more threads") }
    }

    /// Reads by a log's connection: if there is none now, nobody waits for it.
    public init(of log: JetStreamLog, _ kind: RecordKind) {
        stream = log.subjects.recordStream(kind)
        client = log.client
        owner = nil
        patienceMilliseconds = 0
    }

    deinit { if owner != nil { client.stop() } }

    /// The numbers of the messages that there are; `nil` if there are none.
    public func bounds() throws(SpoolError) -> ClosedRange<UInt64>? {
        let end = hs_monotonic_ns() / 1_000_000 + patienceMilliseconds
        while true {
            do throws(NATSFault) {
                let info = APIAnswer(root: try JetStreamAPI.answer(client.call(JetStreamAPI.stream(stream), [])))
                let first = info.number("state", "first_seq")
                let last = info.number("state", "last_seq")
                return info.number("state", "messages") > 0 && first <= last ? first...last : nil
            } catch {
                if error.code == NATSFault.streamNotFound {
                    throw .elsewhere(reason: "there is no stream \(stream): no relay has made it yet")
                }
                guard error.kind != .ours, hs_monotonic_ns() / 1_000_000 < end else {
                    throw .elsewhere(reason: "the brokers: \(owner?.reason ?? error.reason)")
                }
                usleep(RecordStream.pauseMicroseconds)
            }
        }
    }

    /// The messages with these numbers, those left out that are no longer there.
    public func batches(_ numbers: ClosedRange<UInt64>) throws(SpoolError) -> [Batch] {
        var found: [UInt64: Batch] = [:]
        var missing = Array(numbers)
        for attempt in 0..<RecordStream.tries where !missing.isEmpty {
            if attempt > 0 {
                // What left the stream meanwhile does not come back.
                guard let there = try bounds() else { break }
                missing.removeAll { $0 < there.lowerBound }
                usleep(RecordStream.pauseMicroseconds)
            }
            for batch in try ask(missing) { found[batch.number] = batch }
            missing.removeAll { found[$0] != nil }
        }
        return numbers.compactMap { found[$0] }
    }

    /// The first message that was published at a moment or later, in milliseconds since 1970 by the brokers' clock; `nil` if all are
    /// older.
    public func first(since moment: Int64, in numbers: ClosedRange<UInt64>) throws(SpoolError) -> UInt64? {
        var low = numbers.lowerBound
        var high = numbers.upperBound + 1
        while low < high {
            let middle = low + (high - low) / 2
            if let at = try storedAt(middle), at < moment { low = middle + 1 } else { high = middle }
        }
        return low <= numbers.upperBound ? low : nil
    }

    private func storedAt(_ number: UInt64) throws(SpoolError) -> Int64? { try get([number]).first?.message.storedAt }

    private func ask(_ numbers: [UInt64]) throws(SpoolError) -> [Batch] {
        try get(numbers).map { found in
            Batch(
                number: found.sequence, relay: found.message.headers?[JetStreamLog.relayHeader] ?? "",
                lines: found.message.payload)
        }
    }

    private func get(_ numbers: [UInt64]) throws(SpoolError) -> [StoredMessage] {
        do throws(NATSFault) { return try client.messages(numbers.map { .number($0) }, of: stream) } catch {
            throw .elsewhere(reason: "the brokers: \(owner?.reason ?? error.reason)")
        }
    }
}
