/// An event record's payload: what it owes, its attributes, and its body as it came.
///
/// ```
/// receivedAt i64 · owed count u16 · flags u16 · attributes u32 · [hash 16 bytes, until i64] · owed u16 … · attributes · body
/// ```
/// Flags: 1, a dedupe key stands there; 2, the event was erased, and attributes and body are zeros.
public struct EventPayload {
    private static let hasKey: UInt16 = 1
    private static let wasErased: UInt16 = 2

    /// When it was received, in milliseconds since 1970.
    public var receivedAt: Int64
    /// The queues that were to have it.
    public var owed: [QueueID]
    /// What makes it a repetition of an earlier event, if its source looks for that.
    public var dedupe: DedupeKey?
    /// Whether somebody had its headers and its body taken from the disk.
    var isErased: Bool
    /// What the relay recorded beside the body; borrowed.
    public var attributes: UnsafeRawBufferPointer
    /// The body as it came; borrowed.
    public var body: UnsafeRawBufferPointer

    /// Appends everything of a batch's event but its body.
    public static func encodeHead(_ event: CommitBatch.Event, of batch: CommitBatch, into bytes: inout [UInt8]) {
        bytes.append(littleEndian: event.receivedAt)
        bytes.append(littleEndian: UInt16(event.owed.count))
        bytes.append(littleEndian: event.dedupe == nil ? 0 : hasKey)
        bytes.append(littleEndian: UInt32(event.attributes.count))
        event.dedupe?.encode(into: &bytes)
        for queue in event.owed { bytes.append(littleEndian: queue.rawValue) }
        bytes.append(contentsOf: batch.attributes[event.attributes])
    }

    /// Reads a payload; `nil` if its lengths don't fit.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let receivedAt = reader.number(Int64.self), let owedCount = reader.number(UInt16.self),
            let flags = reader.number(UInt16.self), let attributesCount = reader.number(UInt32.self)
        else { return nil }
        self.receivedAt = receivedAt
        isErased = flags & EventPayload.wasErased != 0
        if flags & EventPayload.hasKey != 0 {
            guard let key = DedupeKey(&reader) else { return nil }
            dedupe = key
        }
        var owed: [QueueID] = []
        for _ in 0..<owedCount {
            guard let queue = reader.number(UInt16.self) else { return nil }
            owed.append(QueueID(rawValue: queue))
        }
        self.owed = owed
        guard let attributes = reader.take(Int(attributesCount)) else { return nil }
        self.attributes = attributes
        body = UnsafeRawBufferPointer(rebasing: bytes[reader.offset...])
    }

    /// A payload of the same length that keeps what it owed and its key, and whose attributes and body are zeros.
    static func erased(_ payload: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let event = EventPayload(payload) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payload.count)
        bytes.append(littleEndian: event.receivedAt)
        bytes.append(littleEndian: UInt16(event.owed.count))
        bytes.append(littleEndian: wasErased | (event.dedupe == nil ? 0 : hasKey))
        bytes.append(littleEndian: UInt32(0))
        event.dedupe?.encode(into: &bytes)
        for queue in event.owed { bytes.append(littleEndian: queue.rawValue) }
        bytes.append(contentsOf: repeatElement(0, count: payload.count - bytes.count))
        return bytes
    }
}

extension DedupeKey {
    /// Hash and end, 24 bytes.
    func encode(into bytes: inout [UInt8]) {
        bytes.append(littleEndian: hash.x)
        bytes.append(littleEndian: hash.y)
        bytes.append(littleEndian: until)
    }

    init?(_ reader: inout ByteReader) {
        guard let x = reader.number(UInt64.self), let y = reader.number(UInt64.self),
            let until = reader.number(Int64.self)
        else { return nil }
        self.init(hash: SIMD2(x, y), until: until)
    }
}
