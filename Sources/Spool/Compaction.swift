/// Moves what is unfinished of a sealed segment into a file that holds nothing else, under the same name.
///
/// The file is written beside the segment, synced, and renamed over it: at every moment one of the two is there whole.
/// Events keep their numbers; only their places in the file are new.
struct Compaction {
    /// What was written.
    struct Written: Sendable {
        var places: Places
        var bytes: Int
    }

    /// The end of the name of a file that is not in its place yet; one that a crash left behind is removed at the start.
    static let suffix = ".compact"
    /// Written at once, in bytes.
    private static let chunkBytes = 1 << 20

    var directory: String
    var disk: any Disk
    var files: SegmentFiles

    private func path(_ first: UInt64) -> String { directory + "/" + SegmentWriter.name(first) }

    /// Writes the records of these places, durable under a name of its own when this returns.
    /// - Throws: also if one of the records is damaged: then the segment stays as it is.
    func write(
        _ first: UInt64, count: Int, keeping kept: [(place: UInt32, offset: UInt32)], queues: [QueueID: String],
        salt: UInt32
    ) throws(SpoolError) -> Written {
        let file = try disk.open(path(first) + Compaction.suffix, create: true)
        try file.truncate(to: 0)
        let header = FileHeader(purpose: .segment, first: first, salt: salt)
        var chunk = header.encoded
        chunk += Record.encode(
            .queues, generation: header.generation, sequence: 0, payload: QueueTable.encode(queues))
        var index = SegmentIndex()
        var end = 0
        for record in kept {
            let number = first + UInt64(record.place)
            let bytes = try files.record(at: Position(segment: first, offset: record.offset, event: number))
            let payload = Array(bytes[Record.headerBytes...])
            let event = payload.withUnsafeBytes { raw in
                EventPayload(raw).map { (owed: $0.owed, receivedAt: $0.receivedAt, dedupe: $0.dedupe) }
            }
            guard let event else {
                throw .damaged(segment: first, offset: record.offset, reason: "its lengths do not fit")
            }
            index.append(
                place: Int(record.place), offset: UInt32(end + chunk.count), owed: event.owed,
                receivedAt: event.receivedAt, dedupe: event.dedupe)
            chunk += Record.encode(.event, generation: header.generation, sequence: number, payload: payload)
            guard chunk.count >= Compaction.chunkBytes else { continue }
            try file.write(chunk, at: end)
            end += chunk.count
            chunk.removeAll(keepingCapacity: true)
        }
        index.cover(count)
        chunk += index.ending(at: end + chunk.count, generation: header.generation, queues: queues)
        try file.write(chunk, at: end)
        end += chunk.count
        try file.sync()
        return Written(places: index.places, bytes: end)
    }

    /// Puts what was written in the segment's place; durable once the directory is synced. Either file will do until then.
    func install(_ first: UInt64) throws(SpoolError) {
        try disk.rename(path(first) + Compaction.suffix, to: path(first))
    }

    /// Throws away what was written.
    func discard(_ first: UInt64) {
        // What can't be removed now is removed at the next start.
        try? disk.remove(path(first) + Compaction.suffix)
    }

    /// Removes what a crash left behind.
    static func clean(_ directory: String, on disk: any Disk) throws(SpoolError) {
        for name in try disk.list(directory) where name.hasSuffix(suffix) {
            try disk.remove(directory + "/" + name)
        }
    }
}
