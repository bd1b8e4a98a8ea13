/// What a journal's file says: its checkpoint, and what was noted after it.
struct JournalContent {
    private(set) var keys: [KeptKey] = []
    /// Whether the checkpoint is complete: else the journal before this one counts, if there still is one.
    private(set) var isWhole = false
    /// What it says of numbers; `nil` if an older program wrote it.
    private(set) var mark: NumberMark?
    /// Bytes that are no record, and were written and synced.
    private(set) var damages: [Range<Int>] = []
    /// Bytes that are no record, in or behind the last batch of a journal whose checkpoint is whole: a write that was cut short, as
    /// far as can be told.
    private(set) var torn: [Range<Int>] = []
    /// The number of the batch that is read.
    private var batch: UInt64 = 0
    /// Such bytes since the last record.
    private var passed: [Range<Int>] = []

    /// What it says of numbers as far as it can be relied on: a removal may have been noted where it can't be read any more.
    var counted: NumberMark? {
        guard var counted = mark else { return nil }
        counted.isWhole = counted.isWhole && damages.isEmpty
        return counted
    }

    /// Whether there is any record.
    private(set) var hasRecords = false

    /// Reads a journal, and tells of what it has one by one, in order: there may be ten million. One whose header is damaged is read
    /// all the same: a journal gets its name when it is whole and synced.
    init(
        _ file: any DiskFile, path: String, number: UInt64, standing: (Standing) -> Void = { _ in },
        entry: (JournalEntry) -> Void = { _ in }
    ) throws(SpoolError) {
        let header = try FileHeader.read(file, path: path, first: number)
        let generation = try RecordScan.generation(of: file, by: header, first: number)
        if header == nil { damages.append(0..<min(FileHeader.size, try file.size())) }
        var scan = try RecordScan(file, generation: generation)
        while true {
            switch try scan.next() {
            case .record(let offset, let header):
                hasRecords = true
                read(batch: header.sequence)
                scan.withPayload(offset, header) { payload in
                    var reader = ByteReader(payload)
                    switch header.kind {
                    case .standing: if let part = Standing(payload) { standing(part) }
                    case .outcomes:
                        while !reader.isAtEnd, let next = JournalEntry(&reader) { entry(next) }
                    case .keys:
                        while !reader.isAtEnd, let key = KeptKey(&reader) { keys.append(key) }
                    case .checkpoint:
                        isWhole = true
                        guard let next = NumberMark(payload) else { break }
                        if mark?.absorb(next) == nil { mark = next }
                    case .event, .queues, .index, .trailer, .note, .quarantined, .settled: break
                    }
                }
            case .damage(let range): if isWhole { passed.append(range) } else { damages.append(range) }
            case .end(let offset, let isBlank):
                let tail = isBlank ? offset..<offset : try scan.tail(from: offset).range
                if isWhole {
                    if !isBlank { passed.append(tail) }
                } else if !tail.isEmpty || damages.isEmpty {
                    damages.append(tail)
                }
                torn += passed
                return
            }
        }
    }

    /// A record of a batch is read. With a later batch, those before it were synced, whatever stands there now; damage just before its
    /// first record may be its own.
    private mutating func read(batch next: UInt64) {
        if next > batch {
            damages += torn
            torn = passed
            batch = next
        } else {
            torn += passed
        }
        passed = []
    }
}
