/// What a start must know of a segment without reading its events: kept while the segment is written, and put behind its
/// last event when it is sealed.
///
/// ```
/// count u32 · records u32 · runs u32 · keys u32 · lastReceivedAt i64
/// records:  place u32 · offset u32
/// runs:     place u32 · queues u16 · queue u16 …        from this place on, events owe these queues
/// keys:     place u32 · hash 16 bytes · until i64
/// the table of queues, as in a record of its own
/// ```
struct SegmentIndex: Sendable {
    /// Events from a place on that were to go to the same queues.
    struct Run: Sendable, Equatable {
        var place: UInt32
        var owed: [QueueID]
    }

    /// What makes an event's repetition known.
    struct Key: Sendable, Equatable {
        var place: UInt32
        var key: DedupeKey
    }

    var places = Places()
    private(set) var runs: [Run] = []
    private(set) var keys: [Key] = []
    /// When its first event was received; known of the newest segment alone.
    private(set) var firstReceivedAt: Int64?
    private(set) var lastReceivedAt: Int64 = 0
    /// The names that were known when the segment was sealed.
    private(set) var queues: [QueueID: String] = [:]

    init() {}

    /// Notes an event behind all others.
    mutating func append(place: Int, offset: UInt32, owed: [QueueID], receivedAt: Int64, dedupe: DedupeKey?) {
        places.append(offset, at: place)
        if runs.last?.owed != owed { runs.append(Run(place: UInt32(place), owed: owed)) }
        if let dedupe { keys.append(Key(place: UInt32(place), key: dedupe)) }
        firstReceivedAt = firstReceivedAt ?? receivedAt
        lastReceivedAt = max(lastReceivedAt, receivedAt)
    }

    /// Speaks of so many places, whether there is a record at the last ones or not.
    mutating func cover(_ count: Int) { places = Places(places.records, count: count) }

    /// What the events of a place owe.
    func owed(at place: Int) -> [QueueID] {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if Int(runs[middle].place) <= place { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? runs[low - 1].owed : []
    }

    /// The record that a sealed segment has of itself.
    func encoded(queues: [QueueID: String]) -> [UInt8] {
        let records = places.records
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24 + records.count * 8 + runs.count * 16 + keys.count * 28)
        bytes.append(littleEndian: UInt32(places.count))
        bytes.append(littleEndian: UInt32(records.count))
        bytes.append(littleEndian: UInt32(runs.count))
        bytes.append(littleEndian: UInt32(keys.count))
        bytes.append(littleEndian: lastReceivedAt)
        for record in records {
            bytes.append(littleEndian: UInt64(record.place) | UInt64(record.offset) << 32)
        }
        for run in runs {
            bytes.append(littleEndian: run.place)
            bytes.append(littleEndian: UInt16(run.owed.count))
            for queue in run.owed { bytes.append(littleEndian: queue.rawValue) }
        }
        for key in keys {
            bytes.append(littleEndian: key.place)
            key.key.encode(into: &bytes)
        }
        bytes += QueueTable.encode(queues)
        return bytes
    }

    /// Reads an index; `nil` if its lengths don't fit.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let count = reader.number(UInt32.self), let recordCount = reader.number(UInt32.self),
            let runCount = reader.number(UInt32.self), let keyCount = reader.number(UInt32.self),
            let lastReceivedAt = reader.number(Int64.self), recordCount <= count,
            let packed = reader.take(Int(recordCount) * 8)
        else { return nil }
        self.lastReceivedAt = lastReceivedAt
        var records: [(place: UInt32, offset: UInt32)] = []
        records.reserveCapacity(Int(recordCount))
        for index in 0..<Int(recordCount) {
            let record = packed.littleEndian(at: index * 8, as: UInt64.self)
            let place = UInt32(truncatingIfNeeded: record)
            guard place < count, records.last.map({ $0.place < place }) ?? true else { return nil }
            records.append((place, UInt32(truncatingIfNeeded: record >> 32)))
        }
        places = Places(records, count: Int(count))
        for _ in 0..<runCount {
            guard let place = reader.number(UInt32.self), let queueCount = reader.number(UInt16.self),
                let packed = reader.take(Int(queueCount) * 2)
            else { return nil }
            let owed = (0..<Int(queueCount)).map {
                QueueID(rawValue: packed.littleEndian(at: $0 * 2, as: UInt16.self))
            }
            runs.append(Run(place: place, owed: owed))
        }
        for _ in 0..<keyCount {
            guard let place = reader.number(UInt32.self), let key = DedupeKey(&reader) else { return nil }
            keys.append(Key(place: place, key: key))
        }
        queues = QueueTable.decode(UnsafeRawBufferPointer(rebasing: bytes[reader.offset...]))
    }

    /// Reads the index of a sealed segment; `nil` if it has none that is whole: then the segment itself must be read.
    static func read(_ file: any DiskFile, _ header: FileHeader) throws(SpoolError) -> SegmentIndex? {
        let size = try file.size()
        guard size >= FileHeader.size + trailerBytes else { return nil }
        let trailer = try file.read(trailerBytes, at: size - trailerBytes)
        let place = trailer.withUnsafeBytes { raw -> Int? in
            guard let found = Record.header(raw, generation: header.generation), found.kind == .trailer,
                found.size == trailerBytes, raw.count == trailerBytes, Record.isIntact(raw, length: found.length)
            else { return nil }
            return Int(exactly: raw.littleEndian(at: Record.headerBytes, as: UInt64.self))
        }
        guard let place, place >= FileHeader.size, place < size - trailerBytes else { return nil }
        let bytes = try file.read(size - trailerBytes - place, at: place)
        return bytes.withUnsafeBytes { raw in
            guard let found = Record.header(raw, generation: header.generation), found.kind == .index,
                Record.headerBytes + found.length <= raw.count, Record.isIntact(raw, length: found.length)
            else { return nil }
            return SegmentIndex(UnsafeRawBufferPointer(rebasing: raw[Record.headerBytes...].prefix(found.length)))
        }
    }

    /// The two records that a sealed segment ends with, the first of them beginning at `place`.
    func ending(at place: Int, generation: UInt64, queues: [QueueID: String]) -> [UInt8] {
        var pointer: [UInt8] = []
        pointer.append(littleEndian: UInt64(place))
        return Record.encode(.index, generation: generation, sequence: 0, payload: encoded(queues: queues))
            + Record.encode(.trailer, generation: generation, sequence: 0, payload: pointer)
    }

    private static let trailerBytes = Record.paddedSize(payload: 8)
}
