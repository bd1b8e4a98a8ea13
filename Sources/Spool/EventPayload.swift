/// An event record's payload: what it owes, its attributes, and its body as it came.
///
/// ```
/// receivedAt i64 · owed count u16 · dedupe flag u16 · attributes u32 · [hash 16 bytes, until i64] · owed u16 … · attributes · body
/// ```
struct EventPayload {
    var receivedAt: Int64
    var owed: [QueueID]
    var dedupe: DedupeKey?
    var attributes: UnsafeRawBufferPointer
    var body: UnsafeRawBufferPointer

    /// Appends everything but the body.
    static func encodeHead(
        _ event: CommitBatch.Event, attributes: ArraySlice<UInt8>, into bytes: inout [UInt8]
    ) {
        bytes.append(littleEndian: event.receivedAt)
        bytes.append(littleEndian: UInt16(event.owed.count))
        bytes.append(littleEndian: UInt16(event.dedupe == nil ? 0 : 1))
        bytes.append(littleEndian: UInt32(attributes.count))
        if let dedupe = event.dedupe {
            bytes.append(littleEndian: dedupe.hash.x)
            bytes.append(littleEndian: dedupe.hash.y)
            bytes.append(littleEndian: dedupe.until)
        }
        for queue in event.owed { bytes.append(littleEndian: queue.rawValue) }
        bytes.append(contentsOf: attributes)
    }

    /// Reads a payload; `nil` if its lengths don't fit.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let receivedAt = reader.number(Int64.self), let owedCount = reader.number(UInt16.self),
            let flags = reader.number(UInt16.self), let attributesCount = reader.number(UInt32.self)
        else { return nil }
        self.receivedAt = receivedAt
        if flags & 1 != 0 {
            guard let x = reader.number(UInt64.self), let y = reader.number(UInt64.self),
                let until = reader.number(Int64.self)
            else { return nil }
            dedupe = DedupeKey(hash: SIMD2(x, y), until: until)
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
}
