import Spool

/// What the bucket of keys has of one: the event that it came with last, and until when it counts. Logic alone.
///
/// ```
/// event u64 · until i64, in milliseconds since 1970; little-endian
/// ```
struct KeyRecord: Equatable, Sendable {
    var event: EventNumber
    var until: Int64

    var bytes: [UInt8] {
        withUnsafeBytes(of: event.rawValue.littleEndian) { Array($0) }
            + withUnsafeBytes(of: until.littleEndian) { Array($0) }
    }

    init(event: EventNumber, until: Int64) {
        self.event = event
        self.until = until
    }

    /// Reads a record; `nil` if it is none.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self = bytes.withUnsafeBytes {
            KeyRecord(
                event: EventNumber(rawValue: UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))),
                until: Int64(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: Int64.self)))
        }
    }
}

extension DedupeKey {
    /// How much a key's time may differ from the stream's window and be taken for the same, in milliseconds.
    private static let slackMilliseconds: Int64 = 1_000

    /// What an event is to come to by what the bucket has of its key.
    enum Finding: Equatable {
        /// It is new, and to be published by this id: of those that are published at once by several relays, the stream takes one.
        case new(id: String)
        case repetition(of: EventNumber)
    }

    /// The id by which the stream tells a repetition within its window.
    var id: String { "\(hash.x)-\(hash.y)" }

    /// The id after an event that no longer counts, though the stream may remember it.
    func id(after event: EventNumber) -> String { "\(id)-\(event.rawValue)" }

    /// Whether the stream's window, in milliseconds, can't tell its repetitions: it counts for longer, or for less long.
    func needsBucket(window: Int64, now: Int64) -> Bool {
        let left = until - now
        return left > window + DedupeKey.slackMilliseconds
            || isExact && left < window - DedupeKey.slackMilliseconds
    }

    func judge(_ record: KeyRecord?, now: Int64) -> Finding {
        guard let record else { return .new(id: id) }
        return record.until > now ? .repetition(of: record.event) : .new(id: id(after: record.event))
    }
}
