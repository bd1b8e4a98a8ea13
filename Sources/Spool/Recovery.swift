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
    /// The newest segment, and where its last whole record ends; `nil` in an empty spool.
    private(set) var last: (first: UInt64, file: any DiskFile, end: Int)?
    private(set) var nextNumber: UInt64 = 1
    private(set) var bytes = 0
    private(set) var journalNumber: UInt64 = 0

    /// Reads everything. A file that can't be read is an error; damage is not.
    init(_ directory: String, on disk: any Disk) throws(SpoolError) {
        let names = try disk.list(directory)
        let firsts = names.compactMap(SegmentWriter.first(ofName:)).sorted()
        var ends: [(first: UInt64, segment: Segment)] = []
        for (place, first) in firsts.enumerated() {
            let limit = place + 1 < firsts.count ? firsts[place + 1] : UInt64.max
            if let segment = try read(first, before: limit, in: directory, on: disk) { ends.append((first, segment)) }
        }
        for (queue, name) in queues { ledger.register(queue, named: name) }
        for (place, entry) in ends.enumerated() {
            var segment = entry.segment
            segment.isSealed = place + 1 < ends.count
            nextNumber = max(nextNumber, segment.end)
            ledger.add(segment)
        }
        try replay(names, in: directory, on: disk)
    }

    private mutating func read(_ first: UInt64, before limit: UInt64, in directory: String, on disk: any Disk)
        throws(SpoolError) -> Segment?
    {
        let path = directory + "/" + SegmentWriter.name(first)
        let file = try disk.open(path, create: false)
        nextNumber = max(nextNumber, first)
        guard try FileHeader.read(file, path: path) != nil else {
            // Made, but not yet synced when the power went: nothing in it was ever acknowledged. Anything else is damage.
            if try file.size() > FileHeader.size { damages.append(Damage(segment: first, range: 0..<FileHeader.size)) }
            return try salvage(first, before: limit, file)
        }
        return try salvage(first, before: limit, file)
    }

    private mutating func salvage(_ first: UInt64, before limit: UInt64, _ file: any DiskFile) throws(SpoolError)
        -> Segment?
    {
        var segment = Segment(first: first)
        segment.bytes = try file.size()
        bytes += segment.bytes
        var scan = try RecordScan(file, generation: first)
        while true {
            switch try scan.next() {
            case .record(let offset, let header):
                guard header.kind == .event else {
                    if header.kind == .queues {
                        scan.withPayload(offset, header) { queues.merge(QueueTable.decode($0)) { old, _ in old } }
                    }
                    continue
                }
                // A segment ends where the next one begins: what lies behind was refused.
                guard header.sequence < limit, header.sequence >= first else { continue }
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
                damages.append(Damage(segment: first, range: range))
            case .end(let offset, let isBlank):
                if limit == .max {
                    last = (first, file, offset)
                } else if !isBlank && segment.end < limit {
                    damages.append(Damage(segment: first, range: offset..<segment.bytes))
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
                        case .event, .queues: break
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
