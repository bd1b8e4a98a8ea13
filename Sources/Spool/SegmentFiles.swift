import Synchronization

/// Reads events' records by their position, from any thread. The most recently read segments stay open.
final class SegmentFiles: Sendable {
    private struct Open {
        var files: [UInt64: any DiskFile] = [:]
        var order: [UInt64] = []
    }

    /// Segments kept open.
    static let openLimit = 32
    /// Read at once, in bytes: most records are no longer.
    private static let guessBytes = 4096

    private let directory: String
    private let disk: any Disk
    private let open = Mutex(Open())

    init(_ directory: String, on disk: any Disk) {
        self.directory = directory
        self.disk = disk
    }

    /// Reads a record and checks it.
    func read(_ position: Position) throws(SpoolError) -> StoredEvent {
        let file = try file(position.segment)
        let offset = Int(position.offset)
        var bytes = try file.read(SegmentFiles.guessBytes, at: offset)
        let header = bytes.withUnsafeBytes { Record.header($0, generation: position.segment) }
        guard let header, header.kind == .event else { throw damaged(position, "its header is not a record's") }
        let wanted = Record.headerBytes + header.length
        if bytes.count < wanted {
            let start = bytes.count
            bytes += try file.read(wanted - start, at: offset + start)
        }
        guard bytes.count >= wanted, bytes.withUnsafeBytes({ Record.isIntact($0, length: header.length) }) else {
            throw damaged(position, "its checksum does not match")
        }
        let event = bytes.withUnsafeBytes { raw in
            EventPayload(UnsafeRawBufferPointer(rebasing: raw[Record.headerBytes..<wanted])).map {
                StoredEvent(
                    number: EventNumber(rawValue: header.sequence), receivedAt: $0.receivedAt, owed: $0.owed,
                    attributes: Array($0.attributes), body: Array($0.body))
            }
        }
        guard let event else { throw damaged(position, "its lengths do not fit") }
        return event
    }

    /// The places of a segment's records, read from its file: `Segment.missing` where one is damaged.
    func offsets(of segment: UInt64, count: Int) throws(SpoolError) -> [UInt32] {
        var offsets = [UInt32](repeating: Segment.missing, count: count)
        var scan = try RecordScan(try file(segment), generation: segment)
        while true {
            switch try scan.next() {
            case .record(let offset, let header):
                guard header.kind == .event, header.sequence >= segment, header.sequence - segment < UInt64(count)
                else {
                    continue
                }
                offsets[Int(header.sequence - segment)] = UInt32(offset)
            case .damage: continue
            case .end: return offsets
            }
        }
    }

    private func damaged(_ position: Position, _ reason: String) -> SpoolError {
        .damaged(segment: position.segment, offset: position.offset, reason: reason)
    }

    /// Lets go of a segment that is about to be removed.
    func forget(_ segment: UInt64) {
        open.withLock {
            $0.files[segment] = nil
            $0.order.removeAll { $0 == segment }
        }
    }

    private func file(_ segment: UInt64) throws(SpoolError) -> any DiskFile {
        if let file = open.withLock({ $0.files[segment] }) { return file }
        let file = try disk.open(directory + "/" + SegmentWriter.name(segment), create: false)
        open.withLock {
            if $0.files[segment] == nil { $0.order.append(segment) }
            $0.files[segment] = file
            if $0.order.count > SegmentFiles.openLimit { $0.files[$0.order.removeFirst()] = nil }
        }
        return file
    }
}
