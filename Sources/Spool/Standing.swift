/// What one queue is owed of one segment, and was given up: a checkpoint's part.
///
/// ```
/// segment u64 · covered u32 · queue u16 · zero u16 · owed words u32 · failed words u32 · words u64 …
/// ```
struct Standing: Equatable {
    var segment: UInt64
    /// So many of the segment's events it speaks of; later ones owe what their records say.
    var covered: UInt32
    var queue: QueueID
    var owed: [UInt64]
    var failed: [UInt64]

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24 + 8 * (owed.count + failed.count))
        bytes.append(littleEndian: segment)
        bytes.append(littleEndian: covered)
        bytes.append(littleEndian: queue.rawValue)
        bytes.append(littleEndian: UInt16(0))
        bytes.append(littleEndian: UInt32(owed.count))
        bytes.append(littleEndian: UInt32(failed.count))
        for word in owed { bytes.append(littleEndian: word) }
        for word in failed { bytes.append(littleEndian: word) }
        return bytes
    }

    init(segment: UInt64, covered: UInt32, queue: QueueID, owed: [UInt64], failed: [UInt64]) {
        self.segment = segment
        self.covered = covered
        self.queue = queue
        self.owed = owed
        self.failed = failed
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let segment = reader.number(UInt64.self), let covered = reader.number(UInt32.self),
            let queue = reader.number(UInt16.self), reader.number(UInt16.self) != nil,
            let owedCount = reader.number(UInt32.self), let failedCount = reader.number(UInt32.self),
            bytes.count == reader.offset + 8 * (Int(owedCount) + Int(failedCount))
        else { return nil }
        self.segment = segment
        self.covered = covered
        self.queue = QueueID(rawValue: queue)
        owed = (0..<owedCount).compactMap { _ in reader.number(UInt64.self) }
        failed = (0..<failedCount).compactMap { _ in reader.number(UInt64.self) }
    }
}
