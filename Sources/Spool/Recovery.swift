/// Reads a spool directory back: which events there are, what they still owe, and what is damaged.
///
/// Used at start, and by readers of a spool whose daemon is down. It changes nothing on the disk.
struct Recovery {
    /// A stretch of a segment that could not be read as records.
    struct Damage: Equatable {
        var segment: UInt64
        var range: Range<Int>
    }

    private(set) var ledger = Ledger()
    private(set) var queues: [QueueID: String] = [:]
    private(set) var damages: [Damage] = []
    private(set) var dedupe: [(key: DedupeKey, number: UInt64)] = []
    /// The newest segment, and where its last whole record ends; `nil` if there is none to go on in.
    private(set) var last: (first: UInt64, file: any DiskFile, end: Int)?
    /// Segments with refused events behind their last: they are void as long as the next segment is there, so they must be cut.
    private(set) var voids: [(file: any DiskFile, end: Int)] = []
    private(set) var nextNumber: UInt64 = 1
    private(set) var bytes = 0
    private(set) var journalNumber: UInt64 = 0

    /// Reads everything. A file that can't be read is an error; damage is not.
    init(_ directory: String, on disk: any Disk) throws(SpoolError) {
        let names = try disk.list(directory)
        let firsts = names.compactMap(SegmentWriter.first(ofName:)).sorted()
        var segments: [Segment] = []
        for (place, first) in firsts.enumerated() {
            let limit = place + 1 < firsts.count ? firsts[place + 1] : UInt64.max
            segments.append(try read(first, before: limit, in: directory, on: disk))
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
    }

    private mutating func read(_ first: UInt64, before limit: UInt64, in directory: String, on disk: any Disk)
        throws(SpoolError) -> Segment
    {
        let path = directory + "/" + SegmentWriter.name(first)
        let file = try disk.open(path, create: false)
        nextNumber = max(nextNumber, first)
        if try FileHeader.read(file, path: path) != nil { return try salvage(first, before: limit, file) }
        let damagesBefore = damages.count
        let segment = try salvage(first, before: limit, file)
        if segment.count > 0 {
            damages.insert(Damage(segment: first, range: 0..<FileHeader.size), at: damagesBefore)
        } else if limit == .max {
            // Made, but not yet synced when the power went: nothing in it was ever acknowledged. It is begun anew.
            last = nil
            bytes -= segment.bytes
        }
        return segment
    }

    private mutating func salvage(_ first: UInt64, before limit: UInt64, _ file: any DiskFile) throws(SpoolError)
        -> Segment
    {
        var segment = Segment(first: first)
        segment.bytes = try file.size()
        bytes += segment.bytes
        var scan = try RecordScan(file, generation: first)
        var end = FileHeader.size
        var isVoidBehind = false
        while true {
            switch try scan.next() {
            case .record(let offset, let header):
                guard header.kind == .event else {
                    if !isVoidBehind { end = offset + header.size }
                    if header.kind == .queues {
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
                segment.append(
                    number: header.sequence, offset: UInt32(offset), owed: payload.owed,
                    receivedAt: payload.receivedAt)
                if let key = payload.dedupe { dedupe.append((key, header.sequence)) }
            case .damage(let range):
                // Once all its numbers are there, what follows was torn by a write that failed.
                if segment.end < limit { damages.append(Damage(segment: first, range: range)) }
            case .end(let offset, let isBlank):
                if limit == .max {
                    last = (first, file, offset)
                } else if !isBlank && segment.end < limit {
                    damages.append(Damage(segment: first, range: offset..<segment.bytes))
                }
                if isVoidBehind {
                    segment.bytes = end
                    voids.append((file, end))
                }
                return segment
            }
        }
    }

    /// Takes the newest journal whose checkpoint is whole, and what was noted after it.
    private mutating func replay(_ names: [String], in directory: String, on disk: any Disk) throws(SpoolError) {
        let numbers = names.compactMap(OutcomeJournal.number(ofName:)).sorted(by: >)
        journalNumber = numbers.first ?? 0
        for number in numbers {
            let path = directory + "/" + OutcomeJournal.name(number)
            let file = try disk.open(path, create: false)
            guard try FileHeader.read(file, path: path) != nil else { continue }
            var standings: [Standing] = []
            var entries: [JournalEntry] = []
            var isWhole = false
            var scan = try RecordScan(file, generation: number)
            reading: while true {
                switch try scan.next() {
                case .record(let offset, let header):
                    scan.withPayload(offset, header) { payload in
                        switch header.kind {
                        case .standing: if let standing = Standing(payload) { standings.append(standing) }
                        case .outcomes:
                            var reader = ByteReader(payload)
                            while !reader.isAtEnd, let entry = JournalEntry(&reader) { entries.append(entry) }
                        case .checkpoint:
                            isWhole = true
                        case .event, .queues, .note, .quarantined, .settled: break
                        }
                    }
                case .damage: continue
                case .end: break reading
                }
            }
            guard isWhole else { continue }
            for standing in standings { ledger.restore(standing) }
            for entry in entries { ledger.replay(entry) }
            return
        }
    }
}
