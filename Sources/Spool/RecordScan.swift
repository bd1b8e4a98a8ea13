/// Walks the records of one file in order, in bounded reads, and steps over what is damaged.
///
/// A bad record never hides a good one behind it: at each fault the scan goes by the record's length, if a good one
/// stands there, and else looks on, eight bytes at a time, for the next that is whole. A read that fails is an error,
/// never the end.
struct RecordScan {
    /// What the walk comes upon.
    enum Finding {
        /// A whole record: where it begins, and its bytes from the header to the payload's end.
        case record(offset: Int, Record.Header)
        /// Bytes that are no record, with a good record behind them.
        case damage(Range<Int>)
        /// Nothing valid from here to the file's end; `isBlank` if there are only zeros.
        case end(offset: Int, isBlank: Bool)
    }

    private let file: any DiskFile
    private let generation: UInt64
    let size: Int
    private var offset = FileHeader.size
    private var lastSequence: UInt64?
    private(set) var window: [UInt8] = []
    private(set) var windowStart = 0

    /// Read at once, in bytes; a longer record is read by itself.
    private static let windowBytes = 256 << 10

    init(_ file: any DiskFile, generation: UInt64) throws(SpoolError) {
        self.file = file
        self.generation = generation
        size = try file.size()
    }

    /// The payload of the record last found.
    func withPayload<Result>(_ offset: Int, _ header: Record.Header, _ body: (UnsafeRawBufferPointer) -> Result)
        -> Result
    {
        window.withUnsafeBytes { bytes in
            let start = offset - windowStart + Record.headerBytes
            return body(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + header.length)]))
        }
    }

    /// The next finding; after `end` it answers `end` again.
    mutating func next() throws(SpoolError) -> Finding {
        if let header = try intactRecord(at: offset) {
            defer { pass(header) }
            return .record(offset: offset, header)
        }
        let start = offset
        if let next = try recordByLength(of: start) {
            offset = next
            return .damage(start..<next)
        }
        var isBlank = true
        var candidate = start
        while candidate + Record.headerBytes <= size {
            try load(candidate, Record.headerBytes)
            let (skipped, blank) = distanceToMagic(from: candidate)
            isBlank = isBlank && blank
            candidate += skipped
            if candidate + Record.headerBytes > size { break }
            guard skipped == 0 else { continue }
            isBlank = false
            if candidate > start, let header = try intactRecord(at: candidate), isLater(header) {
                offset = candidate
                return .damage(start..<candidate)
            }
            candidate += 8
        }
        return .end(offset: start, isBlank: isBlank)
    }

    private func isLater(_ header: Record.Header) -> Bool {
        header.kind != .event || header.sequence > lastSequence ?? 0
    }

    /// Where a damaged record ends by its own length, if a good one begins there.
    private mutating func recordByLength(of start: Int) throws(SpoolError) -> Int? {
        guard start + Record.headerBytes <= size else { return nil }
        try load(start, Record.headerBytes)
        guard let header = header(at: start), let next = try intactRecord(at: start + header.size), isLater(next) else {
            return nil
        }
        return start + header.size
    }

    private mutating func pass(_ header: Record.Header) {
        offset += header.size
        if header.kind == .event { lastSequence = header.sequence }
    }

    /// The header of this file's at a place in the window.
    func header(at offset: Int) -> Record.Header? {
        window.withUnsafeBytes {
            Record.header(UnsafeRawBufferPointer(rebasing: $0[(offset - windowStart)...]), generation: generation)
        }
    }

    private mutating func intactRecord(at offset: Int) throws(SpoolError) -> Record.Header? {
        guard offset + Record.headerBytes <= size else { return nil }
        try load(offset, Record.headerBytes)
        guard let header = header(at: offset), offset + Record.headerBytes + header.length <= size else { return nil }
        try load(offset, Record.headerBytes + header.length)
        let isIntact = window.withUnsafeBytes {
            Record.isIntact(UnsafeRawBufferPointer(rebasing: $0[(offset - windowStart)...]), length: header.length)
        }
        return isIntact ? header : nil
    }

    /// How far the next place is, in steps of eight bytes within the window, at which a record may begin, and whether all before it is zero.
    private func distanceToMagic(from candidate: Int) -> (Int, Bool) {
        window.withUnsafeBytes { bytes in
            var index = candidate - windowStart
            var isBlank = true
            while index + 8 <= bytes.count {
                let word = bytes.littleEndian(at: index, as: UInt64.self)
                if UInt32(truncatingIfNeeded: word) == Record.magic { break }
                if word != 0 { isBlank = false }
                index += 8
            }
            let distance = index + windowStart - candidate
            // The window's last bytes may be fewer than a step: always move on.
            return (index + 8 > bytes.count ? max(distance, 8) : distance, isBlank)
        }
    }

    /// Has these bytes in the window.
    mutating func load(_ offset: Int, _ count: Int) throws(SpoolError) {
        if offset >= windowStart, offset + count <= windowStart + window.count { return }
        windowStart = offset
        window = try file.read(min(max(count, RecordScan.windowBytes), size - offset), at: offset)
        guard window.count >= min(count, size - offset) else {
            throw .system(call: "pread", path: "segment", errno: 5)
        }
    }
}
