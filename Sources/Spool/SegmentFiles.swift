import Synchronization

/// Reads events' records by their position, from any thread. The most recently read segments stay open.
final class SegmentFiles: Sendable {
    /// A segment's file with what its records carry.
    struct OpenSegment: Sendable {
        var file: any DiskFile
        var generation: UInt64
    }

    private struct Open {
        var files: [UInt64: OpenSegment] = [:]
        var order: [UInt64] = []
    }

    /// Segments kept open.
    static let openLimit = 32
    /// Read at once, in bytes: most records are no longer.
    private static let guessBytes = 4096

    private let directory: String
    private let disk: any Disk
    private let recent: RecentRecords
    private let ahead = ReadAhead()
    private let open = Mutex(Open())

    init(_ directory: String, on disk: any Disk, recent: RecentRecords = RecentRecords()) {
        self.directory = directory
        self.disk = disk
        self.recent = recent
    }

    /// Reads an event's record and checks it.
    func read(_ position: Position) throws(SpoolError) -> StoredEvent {
        var bytes = try record(at: position)
        let found = bytes.withUnsafeBytes { raw -> (event: StoredEvent, bodyBytes: Int)? in
            EventPayload(UnsafeRawBufferPointer(rebasing: raw[Record.headerBytes...])).map {
                let event = StoredEvent(
                    number: EventNumber(rawValue: raw.littleEndian(at: Record.sequenceOffset, as: UInt64.self)),
                    receivedAt: $0.receivedAt, owed: $0.owed, attributes: Array($0.attributes), body: [],
                    isErased: $0.isErased, dedupe: $0.dedupe)
                return (event, $0.isErased ? 0 : $0.body.count)
            }
        }
        guard let found else { throw damaged(position, "its lengths do not fit") }
        // The body is the record's end: it moves to the front of the memory that it is in.
        bytes.removeFirst(bytes.count - found.bodyBytes)
        var event = found.event
        event.body = bytes
        return event
    }

    /// An event's record from its header to its payload's end, checked.
    func record(at position: Position) throws(SpoolError) -> [UInt8] {
        do throws(SpoolError) { return try readRecord(at: position) } catch {
            guard case .damaged = error else { throw error }
            // What was read ahead may have been written since.
            ahead.forget(position.segment)
            return try readRecord(at: position)
        }
    }

    private func readRecord(at position: Position) throws(SpoolError) -> [UInt8] {
        let segment = try segment(position.segment)
        let offset = Int(position.offset)
        var bytes = try beginning(of: position, in: segment)
        let header = bytes.withUnsafeBytes { Record.header($0, generation: segment.generation) }
        guard let header, header.kind == .event else { throw damaged(position, "its header is not a record's") }
        guard position.event == 0 || header.sequence == position.event else {
            throw damaged(position, "it is another event's")
        }
        let wanted = Record.headerBytes + header.length
        if bytes.count < wanted {
            bytes += try segment.file.read(wanted - bytes.count, at: offset + bytes.count)
        } else {
            bytes.removeLast(bytes.count - wanted)
        }
        guard bytes.count >= wanted, bytes.withUnsafeBytes({ Record.isIntact($0, length: header.length) }) else {
            throw damaged(position, "its checksum does not match")
        }
        return bytes
    }

    /// All of a record that is in memory, or what one read of its file brings.
    private func beginning(of position: Position, in segment: OpenSegment) throws(SpoolError) -> [UInt8] {
        let offset = Int(position.offset)
        if let kept = recent.record(of: position.segment, at: offset) { return kept }
        return try ahead.read(SegmentFiles.guessBytes, of: position.segment, in: segment.file, at: offset)
    }

    /// Writes a record over another of the same length, durable when this returns.
    func overwrite(_ position: Position, number: UInt64, payload: [UInt8]) throws(SpoolError) {
        let segment = try segment(position.segment)
        let record = Record.encode(.event, generation: segment.generation, sequence: number, payload: payload)
        try segment.file.write(record, at: Int(position.offset))
        try segment.file.sync()
        recent.forget(position.segment)
        ahead.forget(position.segment)
    }

    /// The places of a segment's records, from its index or, where it has none, from its records: damaged ones are missing.
    func places(of segment: UInt64, count: Int) throws(SpoolError) -> Places {
        let open = try self.segment(segment)
        let path = directory + "/" + SegmentWriter.name(segment)
        if let header = try FileHeader.read(open.file, path: path, first: segment),
            let index = try SegmentIndex.read(open.file, header), index.places.count == count
        {
            return index.places
        }
        var records: [(place: UInt32, offset: UInt32)] = []
        var scan = try RecordScan(open.file, generation: open.generation)
        while true {
            switch try scan.next() {
            case .record(let offset, let header):
                guard header.kind == .event, header.sequence >= segment, header.sequence - segment < UInt64(count)
                else {
                    continue
                }
                records.append((UInt32(header.sequence - segment), UInt32(offset)))
            case .damage: continue
            case .end: return Places(records, count: count)
            }
        }
    }

    private func damaged(_ position: Position, _ reason: String) -> SpoolError {
        .damaged(segment: position.segment, offset: position.offset, reason: reason)
    }

    /// Lets go of a segment that is about to be removed.
    func forget(_ segment: UInt64) {
        ahead.forget(segment)
        open.withLock {
            $0.files[segment] = nil
            $0.order.removeAll { $0 == segment }
        }
    }

    /// A segment's file, opened if it is not.
    func segment(_ first: UInt64) throws(SpoolError) -> OpenSegment {
        if let segment = open.withLock({ $0.files[first] }) { return segment }
        let path = directory + "/" + SegmentWriter.name(first)
        let file = try disk.open(path, create: false)
        let header = try FileHeader.read(file, path: path, first: first)
        let generation = try RecordScan.generation(of: file, by: header, first: first)
        let segment = OpenSegment(file: file, generation: generation)
        open.withLock {
            if $0.files[first] == nil { $0.order.append(first) }
            $0.files[first] = segment
            if $0.order.count > SegmentFiles.openLimit { $0.files[$0.order.removeFirst()] = nil }
        }
        return segment
    }
}
