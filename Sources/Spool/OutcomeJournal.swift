/// The file of outcomes: a checkpoint first, then what came after it. Owned by the spool's journal queue.
///
/// A new file is made at each start and whenever the present one has grown past its limit or failed to sync: written whole,
/// synced, and renamed into its place before the old one goes. So a journal's tail is never appended to after a crash.
struct OutcomeJournal {
    /// A journal larger than this, in bytes, is replaced by a checkpoint; in a small spool, a smaller one.
    static let sizeLimitBytes = 32 << 20
    /// Entries in one record of a checkpoint.
    private static let entriesAtOnce = 4096

    private(set) var number: UInt64
    private(set) var end: Int
    /// The checkpoint's part of it, in bytes.
    private var checkpointBytes = 0
    private var sequence: UInt64 = 1
    private let file: any DiskFile
    private let generation: UInt64

    /// Makes a journal that begins with a checkpoint, durable when this returns, and removes the older ones. What could not be
    /// written whole takes no room.
    init(
        number: UInt64, salt: UInt32, standings: [Standing], tried: some Sequence<JournalEntry>, keys: [KeptKey] = [],
        mark: NumberMark = NumberMark(), in directory: String, on disk: any Disk
    ) throws(SpoolError) {
        self.number = number
        let header = FileHeader(purpose: .journal, first: number, salt: salt)
        generation = header.generation
        let temporary = directory + "/checkpoint.new"
        file = try disk.open(temporary, create: true)
        var bytes = header.encoded
        end = 0
        func flush() throws(SpoolError) {
            try file.write(bytes, at: end)
            end += bytes.count
            bytes.removeAll(keepingCapacity: true)
        }
        do throws(SpoolError) {
            try file.truncate(to: 0)
            for standing in standings {
                bytes += Record.encode(.standing, generation: generation, sequence: 0, payload: standing.encoded)
                if bytes.count > 1 << 20 { try flush() }
            }
            var waiting = tried.makeIterator()
            var chunk: [JournalEntry] = []
            while true {
                let entry = waiting.next()
                if let entry { chunk.append(entry) }
                if chunk.isEmpty { break }
                guard entry == nil || chunk.count == OutcomeJournal.entriesAtOnce else { continue }
                bytes += OutcomeJournal.record(chunk, generation: generation, sequence: 0)
                if bytes.count > 1 << 20 { try flush() }
                chunk.removeAll(keepingCapacity: true)
            }
            var start = 0
            while start < keys.count {
                let chunk = keys[start..<min(start + OutcomeJournal.entriesAtOnce, keys.count)]
                bytes += OutcomeJournal.record(chunk, generation: generation, sequence: 0)
                if bytes.count > 1 << 20 { try flush() }
                start += chunk.count
            }
            bytes += Record.encode(.checkpoint, generation: generation, sequence: 0, payload: mark.encoded)
            try flush()
            checkpointBytes = end
            try file.sync()
            try disk.rename(temporary, to: directory + "/" + OutcomeJournal.name(number))
            try disk.syncDirectory(directory)
            for name in try disk.list(directory) {
                if let older = OutcomeJournal.number(ofName: name), older < number {
                    try disk.remove(directory + "/" + name)
                }
            }
            try disk.syncDirectory(directory)
        } catch {
            try? disk.remove(temporary)
            throw error
        }
    }

    /// Appends outcomes, keys whose segments are to go, and how far numbers are by now, durable when this returns.
    mutating func append(_ entries: [JournalEntry], keys: [KeptKey] = [], mark: NumberMark = NumberMark())
        throws(SpoolError)
    {
        var record: [UInt8] = []
        if !entries.isEmpty { record += OutcomeJournal.record(entries, generation: generation, sequence: sequence) }
        if !keys.isEmpty { record += OutcomeJournal.record(keys[...], generation: generation, sequence: sequence) }
        record += Record.encode(.checkpoint, generation: generation, sequence: sequence, payload: mark.encoded)
        try file.write(record, at: end)
        try file.sync()
        end += record.count
        sequence += 1
    }

    /// Whether a checkpoint would be much smaller: one that is itself past the limit is let grow to twice its size.
    func isFull(limitBytes: Int) -> Bool { end > max(limitBytes, 2 * checkpointBytes) }

    static func name(_ number: UInt64) -> String { "\(number).journal" }

    static func number(ofName name: String) -> UInt64? {
        guard name.hasSuffix(".journal"), let number = UInt64(name.dropLast(8)), name == self.name(number) else {
            return nil
        }
        return number
    }

    private static func record(_ entries: [JournalEntry], generation: UInt64, sequence: UInt64) -> [UInt8] {
        var payload: [UInt8] = []
        payload.reserveCapacity(entries.count * JournalEntry.size)
        for entry in entries { entry.encode(into: &payload) }
        return Record.encode(.outcomes, generation: generation, sequence: sequence, payload: payload)
    }

    private static func record(_ keys: ArraySlice<KeptKey>, generation: UInt64, sequence: UInt64) -> [UInt8] {
        var payload: [UInt8] = []
        payload.reserveCapacity(keys.count * 32)
        for key in keys { key.encode(into: &payload) }
        return Record.encode(.keys, generation: generation, sequence: sequence, payload: payload)
    }
}
