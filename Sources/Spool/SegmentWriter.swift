import CPlatform
import Glibc

/// Appends events to the newest segment and makes them durable.
///
/// Owned by the spool's commit lock. A write or sync that failed is never tried again on the same file: the kernel may
/// have dropped the pages and would report success ("fsyncgate"). The segment is abandoned where its last durable event
/// ended, and a new one begun at the next number; a segment ends where the next one begins, so that what the failed
/// write may have left behind is void.
struct SegmentWriter {
    /// An event's place after a commit.
    struct Appended {
        var number: UInt64
        var offset: UInt32
    }

    private(set) var first: UInt64
    private(set) var nextNumber: UInt64
    /// What the segment will say of itself when it is sealed.
    private(set) var index: SegmentIndex
    /// Where the next record goes.
    private(set) var end: Int
    /// Up to where zeros were written beforehand.
    private(set) var zeroedTo: Int
    /// Whether no zeros are written ahead: there is room for the records alone.
    var isThrifty = false
    let segmentBytes: Int
    private let directory: String
    private let file: any DiskFile
    private let recent: RecentRecords
    private let isPastCache: Bool
    private let generation: UInt64
    private var heads: [UInt8] = []

    /// Written ahead with zeros, in bytes, so that a sync has no new block to note in the file system's books.
    static let zeroStepBytes = 1 << 20
    /// Records of so many bytes are written without zeros behind them: these would be as many, and take as long, as what they save.
    private static let zerosAreForBytes = 256 << 10
    /// Written at once of the zeros, in bytes: they stay in the processor's cache.
    private static let zeroBytes = 64 << 10
    /// A segment grows by whole blocks of so many bytes.
    static let blockBytes = 4096
    private static let padding = [UInt8](repeating: 0, count: 8)

    /// Begins a new segment, durable with its directory entry when this returns: in a file that `recycled` names, whose
    /// blocks are there already, or in a new one. `pastCache`: what is written will be synced at
    /// once, so that the page cache brings nothing.
    init(
        beginning first: UInt64, queues: [QueueID: String], salt: UInt32, recycling recycled: String? = nil,
        in directory: String, on disk: any Disk, segmentBytes: Int, pastCache: Bool = true,
        recent: RecentRecords = RecentRecords()
    ) throws(SpoolError) {
        self.first = first
        self.recent = recent
        isPastCache = pastCache
        nextNumber = first
        index = SegmentIndex()
        self.directory = directory
        self.segmentBytes = segmentBytes
        let path = directory + "/" + SegmentWriter.name(first)
        if let recycled { try disk.rename(recycled, to: path) }
        let made = try disk.open(path, create: true)
        if recycled == nil { try made.truncate(to: 0) }
        file = pastCache ? try disk.openDirect(path) : made
        let fileHeader = FileHeader(purpose: .segment, first: first, salt: salt)
        generation = fileHeader.generation
        let header = fileHeader.encoded
        let table = Record.encode(.queues, generation: generation, sequence: 0, payload: QueueTable.encode(queues))
        try file.write(header + table, at: 0)
        try file.sync()
        try disk.syncDirectory(directory)
        end = header.count + table.count
        zeroedTo = max(end, try file.size())
    }

    /// Goes on in a recovered segment, cut where its records end.
    init(
        continuing recovered: Recovery.Last, nextNumber: UInt64, in directory: String, on disk: any Disk,
        segmentBytes: Int, pastCache: Bool = true, recent: RecentRecords = RecentRecords()
    ) throws(SpoolError) {
        let path = directory + "/" + SegmentWriter.name(recovered.first)
        file = pastCache ? try disk.openDirect(path) : recovered.file
        self.recent = recent
        isPastCache = pastCache
        first = recovered.first
        generation = recovered.generation
        index = recovered.index
        end = max(recovered.end, FileHeader.size)
        self.nextNumber = nextNumber
        self.directory = directory
        self.segmentBytes = segmentBytes
        zeroedTo = end
        try file.truncate(to: end)
        try file.sync()
    }

    static func name(_ first: UInt64) -> String {
        let digits = String(first)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits + ".segment"
    }

    /// The number in a segment's name; `nil` if the name is none.
    static func first(ofName name: String) -> UInt64? {
        guard name.hasSuffix(".segment"), let first = UInt64(name.dropLast(8)), name == self.name(first) else {
            return nil
        }
        return first
    }

    /// The bytes that a batch takes.
    static func size(of batch: CommitBatch, _ taken: some Sequence<Int>) -> Int {
        taken.reduce(0) { sum, index in
            let event = batch.events[index]
            return sum
                + Record.paddedSize(
                    payload: 40 + 2 * event.owed.count + event.attributes.count + event.body.count)
        }
    }

    /// Whether so many bytes still fit. A batch larger than a segment gets one of its own: an empty one takes any.
    func hasRoom(for bytes: Int) -> Bool { end + bytes <= segmentBytes || nextNumber == first }

    /// What the file grows by with so many more bytes of records, the zeros behind them included.
    func growth(with bytes: Int) -> Int { zeroedTo(with: end + bytes) - zeroedTo }

    /// What so many bytes of records take at the least, a new segment's head and the end of the one before it with them.
    static func leastGrowth(with bytes: Int) -> Int { wholeBlocks(bytes) + 3 * blockBytes }

    /// What a new segment takes with so many bytes of records, likewise.
    static func growth(beginningWith bytes: Int, segmentBytes: Int) -> Int {
        guard bytes < zerosAreForBytes else { return wholeBlocks(bytes) }
        return wholeBlocks(max(bytes, min(bytes + zeroStepBytes, segmentBytes)))
    }

    /// Writes the chosen events of a batch, and syncs if asked. On an error nothing counts as appended; it is one if the commit
    /// was given up before it was done.
    mutating func append(_ batch: CommitBatch, _ taken: [Int], sync: Bool, _ claim: CommitClaim = CommitClaim())
        throws(SpoolError) -> [Appended]
    {
        heads.removeAll(keepingCapacity: true)
        var appended: [Appended] = []
        appended.reserveCapacity(taken.count)
        // Where each head ends in `heads`: the addresses are only known when all are written.
        var headEnds: [Int] = []
        headEnds.reserveCapacity(taken.count)
        var offset = end
        for index in taken {
            let number = nextNumber + UInt64(appended.count)
            let length = Record.begin(
                .event, generation: generation, sequence: number, body: batch.events[index].body, into: &heads
            ) { EventPayload.encodeHead(batch.events[index], of: batch, into: &$0) }
            headEnds.append(heads.count)
            appended.append(Appended(number: number, offset: UInt32(offset)))
            offset += Record.paddedSize(payload: length)
        }
        let zeroedTo = zeroedTo(with: offset)
        try write(batch, taken, headEnds, size: offset - end, zeroedTo: zeroedTo, sync: sync)
        self.zeroedTo = zeroedTo
        guard claim.keep() else { throw .system(call: "fdatasync", path: directory, errno: ETIMEDOUT) }
        for (place, event) in zip(appended, taken) {
            index.append(
                place: Int(place.number - first), offset: place.offset, owed: batch.events[event].owed,
                receivedAt: batch.events[event].receivedAt, dedupe: batch.events[event].dedupe)
        }
        end = offset
        nextNumber += UInt64(appended.count)
        return appended
    }

    /// Appends the table of queues, durable when this returns.
    mutating func append(queues: [QueueID: String]) throws(SpoolError) {
        let table = Record.encode(.queues, generation: generation, sequence: 0, payload: QueueTable.encode(queues))
        try file.write(table, at: end)
        try file.sync()
        end += table.count
        zeroedTo = max(zeroedTo, end)
    }

    /// Makes what was appended without a sync durable.
    func sync() throws(SpoolError) { try file.sync() }

    /// How many zeros are to be written ahead now, in bytes: none where enough are left, or where the page cache takes what is written.
    var missingAhead: Int {
        guard isPastCache, zeroedTo - end < SegmentWriter.zeroStepBytes / 2 else { return 0 }
        return max(0, SegmentWriter.wholeBlocks(min(end + SegmentWriter.zeroStepBytes, segmentBytes)) - zeroedTo)
    }

    /// Writes so many zeros ahead, so that no commit need wait for them; the next one's sync is theirs too. On an error the segment is to
    /// be abandoned.
    mutating func writeAhead(_ count: Int) throws(SpoolError) {
        // What a former use of the file left ends within a block.
        let start = SegmentWriter.wholeBlocks(zeroedTo)
        if zeroedTo + count > start { try file.write(zeros(zeroedTo + count - start), at: start) }
        zeroedTo += count
    }

    /// Cuts a segment that failed behind its last event, if it can; answers the size that it is left with, and whether that is durable.
    func cut() -> (bytes: Int, isDurable: Bool) {
        do throws(SpoolError) {
            try file.truncate(to: end)
            try file.sync()
            return (end, true)
        } catch {
            return ((try? file.size()) ?? zeroedTo, false)
        }
    }

    /// Puts the index behind the last event and cuts off what lies beyond. Nothing is appended afterwards.
    mutating func seal(queues: [QueueID: String]) throws(SpoolError) {
        let ending = index.ending(at: end, generation: generation, queues: queues)
        try file.write(ending, at: end)
        end += ending.count
        zeroedTo = max(zeroedTo, end)
        try file.truncate(to: end)
        try file.sync()
    }

    /// Overwrites what lies beyond the last event, which may be of a former use of the file.
    func wipe() throws(SpoolError) {
        if zeroedTo > end { try file.write(zeros(zeroedTo - end), at: end) }
        try file.sync()
    }

    /// How far zeros reach once records that end at `offset` are written: where these come to what is there already, zeros are written
    /// with them, so that the next ones' blocks are there beforehand. In whole blocks.
    private func zeroedTo(with offset: Int) -> Int {
        let end = SegmentWriter.wholeBlocks(offset)
        guard end > zeroedTo else { return zeroedTo }
        guard !isThrifty, offset - self.end < SegmentWriter.zerosAreForBytes else { return end }
        return max(end, SegmentWriter.wholeBlocks(min(offset + SegmentWriter.zeroStepBytes, segmentBytes)))
    }

    private static func wholeBlocks(_ bytes: Int) -> Int { (bytes + blockBytes - 1) / blockBytes * blockBytes }

    private func zeros(_ count: Int) -> [UnsafeRawBufferPointer] {
        stride(from: 0, to: count, by: SegmentWriter.zeroBytes).map {
            UnsafeRawBufferPointer(start: hs_zeros(), count: min(SegmentWriter.zeroBytes, count - $0))
        }
    }

    /// Past the page cache records are put together in blocks; else the system gathers them from where they are.
    private func write(
        _ batch: CommitBatch, _ taken: [Int], _ headEnds: [Int], size: Int, zeroedTo: Int, sync: Bool
    ) throws(SpoolError) {
        let inBlocks = isPastCache ? try recent.begin(size, of: first, at: end, in: file) : false
        var failure: SpoolError?
        heads.withUnsafeBytes { heads in
            SegmentWriter.padding.withUnsafeBytes { padding in
                var buffers: [UnsafeRawBufferPointer] = []
                if !inBlocks { buffers.reserveCapacity(taken.count * 3) }
                var start = 0
                for (position, index) in taken.enumerated() {
                    let head = UnsafeRawBufferPointer(rebasing: heads[start..<headEnds[position]])
                    let body = batch.events[index].body
                    let rest = UnsafeRawBufferPointer(rebasing: padding[..<(-(head.count + body.count) & 7)])
                    if inBlocks {
                        recent.put(head)
                        recent.put(body)
                        recent.put(rest)
                    } else {
                        buffers += [head, body, rest]
                    }
                    start = headEnds[position]
                }
                do throws(SpoolError) {
                    var offset = end
                    if inBlocks { (buffers, offset) = recent.blocks() }
                    let written = inBlocks ? SegmentWriter.wholeBlocks(end + size) : end + size
                    if zeroedTo > self.zeroedTo { buffers += zeros(zeroedTo - written) }
                    try file.write(buffers, at: offset)
                    if sync { try file.sync() }
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        if inBlocks { recent.publish() }
    }
}
