/// Reads a spool directory back: which events there are, what they still owe, and what is damaged.
///
/// Used at start, and by readers of a spool whose daemon is down. It changes nothing on the disk. A sealed segment is
/// known by its index; the last one, and any without a whole index, is read record by record.
struct Recovery {
    /// The newest segment, in which writing goes on.
    struct Last {
        var first: UInt64
        var file: any DiskFile
        /// Where its last whole record ends.
        var end: Int
        var generation: UInt64
        /// Whether it is of the present format: else it is left as it is, and a new one begun.
        var isCurrent: Bool
        /// Whether the table of queues stands in it.
        var hasQueues: Bool
        var index: SegmentIndex
        /// What stands behind that end.
        var tail: RecordScan.Tail
    }

    var ledger: Ledger
    private(set) var queues: [QueueID: String] = [:]
    var damages: [Damage] = []
    /// Bytes behind the last record of a file, of which nothing says that they were promised.
    var torn: [Damage] = []
    /// Numbers that were given without a sync and are gone: `spool.sync` allows it.
    var unsynced: Range<UInt64>?
    /// What the journal said of numbers, and what the segments add to it.
    var mark = NumberMark()
    private(set) var dedupe: [KeptKey] = []
    /// The keys of events whose segments are gone, as the journal has them.
    private(set) var kept: [KeptKey] = []
    /// `nil` if there is no segment to go on in.
    private(set) var last: Last?
    /// Segments with refused events behind their last: they are void as long as the next segment is there, so they must be cut.
    private(set) var voids: [(file: any DiskFile, end: Int)] = []
    var nextNumber: UInt64 = 1
    private(set) var bytes = 0
    /// The newest segment, if no record can be read in it: it is begun anew, unless numbers have come further.
    private(set) var unbegun: Last?
    private(set) var journalNumber: UInt64 = 0
    /// Whether there are events and no journal at all, which no crash leaves behind.
    private(set) var isJournalMissing = false
    /// The size of the file that waits to be a segment again; 0 if there is none.
    private(set) var spareBytes = 0

    /// Reads everything. A file that can't be read is an error; damage is not.
    init(_ directory: String, on disk: any Disk, packedFrom: Int = Waiting.packedFrom) throws(SpoolError) {
        ledger = Ledger(packedFrom: packedFrom)
        let names = try disk.list(directory)
        let firsts = names.compactMap(SegmentWriter.first(ofName:)).sorted()
        var segments: [Segment] = []
        for (place, first) in firsts.enumerated() {
            let limit = place + 1 < firsts.count ? firsts[place + 1] : UInt64.max
            segments.append(try read(first, before: limit, in: directory, on: disk))
        }
        if names.contains(SpareSegment.name) {
            spareBytes = try disk.open(directory + "/" + SpareSegment.name, create: false).size()
            bytes += spareBytes
        }
        // A queue whose table was damaged keeps its number: what it is owed must not become another's.
        for queue in segments.flatMap(\.owed.keys) where queues[queue] == nil {
            queues[queue] = "?\(queue.rawValue)"
        }
        for (queue, name) in queues { ledger.register(queue, named: name) }
        for (place, var segment) in segments.enumerated() {
            segment.isSealed = place + 1 < segments.count
            nextNumber = max(nextNumber, segment.end)
            ledger.add(segment)
        }
        try replay(names, in: directory, on: disk)
        account()
        if let unbegun, unbegun.first == nextNumber { bytes -= try unbegun.file.size() }
        dedupe += kept
        dedupe.sort { $0.number < $1.number }
    }

    private mutating func read(_ first: UInt64, before limit: UInt64, in directory: String, on disk: any Disk)
        throws(SpoolError) -> Segment
    {
        let path = directory + "/" + SegmentWriter.name(first)
        let file = try disk.open(path, create: false)
        nextNumber = max(nextNumber, first)
        let header = try FileHeader.read(file, path: path, first: first)
        if limit != .max, let header, let index = try SegmentIndex.read(file, header),
            first + UInt64(index.places.count) <= limit
        {
            let size = try file.size()
            bytes += size
            queues.merge(index.queues) { old, _ in old }
            dedupe += index.keys.map { KeptKey(key: $0.key, number: first + UInt64($0.place)) }
            return Segment(first: first, index, bytes: size)
        }
        if let header { return try salvage(first, header.generation, isCurrent: header.isCurrent, before: limit, file) }
        let damagesBefore = damages.count
        let generation = try RecordScan.generation(of: file, by: nil, first: first)
        let segment = try salvage(first, generation, isCurrent: false, before: limit, file)
        if segment.count > 0 {
            damages.insert(Damage(segment: first, range: 0..<FileHeader.size), at: damagesBefore)
        } else if limit == .max {
            // Made, but not yet synced when the power went: nothing in it was ever acknowledged. It is begun anew.
            unbegun = last
            last = nil
        }
        return segment
    }

    private mutating func salvage(
        _ first: UInt64, _ generation: UInt64, isCurrent: Bool, before limit: UInt64, _ file: any DiskFile
    ) throws(SpoolError) -> Segment {
        var index = SegmentIndex()
        let size = try file.size()
        var bytes = size
        var scan = try RecordScan(file, generation: generation)
        var end = FileHeader.size
        var isVoidBehind = false
        var hasQueues = false
        reading: while true {
            switch try scan.next() {
            case .record(let offset, let header):
                guard header.kind == .event else {
                    if !isVoidBehind { end = offset + header.size }
                    if header.kind == .queues {
                        hasQueues = true
                        scan.withPayload(offset, header) { queues.merge(QueueTable.decode($0)) { old, _ in old } }
                    }
                    continue
                }
                // A segment ends where the next one begins: what lies behind was refused.
                guard header.sequence < limit, header.sequence >= first else {
                    isVoidBehind = true
                    continue
                }
                end = offset + header.size
                let payload = scan.withPayload(offset, header) { bytes in
                    EventPayload(bytes).map { (owed: $0.owed, receivedAt: $0.receivedAt, dedupe: $0.dedupe) }
                }
                guard let payload else {
                    damages.append(Damage(segment: first, range: offset..<(offset + header.size)))
                    continue
                }
                index.append(
                    place: Int(header.sequence - first), offset: UInt32(offset), owed: payload.owed,
                    receivedAt: payload.receivedAt, dedupe: payload.dedupe)
                if let key = payload.dedupe { dedupe.append(KeptKey(key: key, number: header.sequence)) }
            case .damage(let range):
                // Once all its numbers are there, what follows was torn by a write that failed.
                if first + UInt64(index.places.count) < limit { damages.append(Damage(segment: first, range: range)) }
            case .end(let offset, let isBlank):
                if limit == .max {
                    let tail =
                        isBlank
                        ? RecordScan.Tail(range: offset..<offset)
                        : try scan.tail(from: offset, next: first + UInt64(index.places.count))
                    last = Last(
                        first: first, file: file, end: offset, generation: generation, isCurrent: isCurrent,
                        hasQueues: hasQueues, index: index, tail: tail)
                } else if !isBlank && first + UInt64(index.places.count) < limit {
                    damages.append(Damage(segment: first, range: offset..<size))
                }
                break reading
            }
        }
        if isVoidBehind {
            bytes = end
            voids.append((file, end))
        }
        self.bytes += size
        return Segment(first: first, index, bytes: bytes)
    }

    /// Takes the newest journal whose checkpoint is whole, and what was noted after it; without one, what can be read of the newest that
    /// has anything. An older program's says nothing of numbers but what its outcomes are about.
    private mutating func replay(_ names: [String], in directory: String, on disk: any Disk) throws(SpoolError) {
        let numbers = names.compactMap(OutcomeJournal.number(ofName:)).sorted(by: >)
        journalNumber = numbers.first ?? 0
        if numbers.isEmpty, ledger.segments.contains(where: { $0.count > 0 }) { isJournalMissing = true }
        var remains: Replayed?
        for number in numbers {
            let replayed = try Replayed(number, over: ledger, in: directory, on: disk)
            damages += replayed.content.damages.map { Damage(.journal(number), range: $0) }
            torn += replayed.content.torn.map { Damage(.journal(number), range: $0) }
            if replayed.content.isWhole { return take(replayed) }
            if remains == nil, replayed.content.hasRecords { remains = replayed }
        }
        if let remains { take(remains) }
    }

    private mutating func take(_ replayed: Replayed) {
        kept = replayed.content.keys
        ledger = replayed.ledger
        mark = replayed.content.counted ?? NumberMark(given: replayed.proven, durable: replayed.proven)
    }

    /// A journal played over what the segments say.
    private struct Replayed {
        var ledger: Ledger
        var content: JournalContent
        /// The number behind the last that it has an outcome of.
        var proven: UInt64

        init(_ number: UInt64, over ledger: Ledger, in directory: String, on disk: any Disk) throws(SpoolError) {
            let path = directory + "/" + OutcomeJournal.name(number)
            let file = try disk.open(path, create: false)
            var played = ledger
            var proven: UInt64 = 0
            content = try JournalContent(
                file, path: path, number: number, standing: { played.restore($0) },
                entry: {
                    played.replay($0)
                    proven = max(proven, $0.delivery.event.rawValue + 1)
                })
            self.ledger = played
            self.proven = proven
        }
    }
}
