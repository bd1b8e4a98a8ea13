/// What a journal's file says: its checkpoint, and what was noted after it.
struct JournalContent {
    private(set) var keys: [KeptKey] = []
    /// Whether the checkpoint is complete: else the journal before this one counts, if there still is one.
    private(set) var isWhole = false
    /// What it says of numbers; `nil` if an older program wrote it.
    private(set) var mark: NumberMark?
    /// Bytes that are no record, with a good record behind them.
    private(set) var damages: [Range<Int>] = []
    /// Bytes behind the last record: a write that was torn, or damage.
    private(set) var torn: Range<Int>?

    /// What it says of numbers as far as it can be relied on: a removal may have been noted where it can't be read any more.
    var counted: NumberMark? {
        guard var counted = mark else { return nil }
        counted.isWhole = counted.isWhole && damages.isEmpty
        return counted
    }

    /// Reads a journal, and tells of what it has one by one, in order: there may be ten million. `nil` if the file has no
    /// header.
    init?(
        _ file: any DiskFile, path: String, number: UInt64, standing: (Standing) -> Void = { _ in },
        entry: (JournalEntry) -> Void = { _ in }
    ) throws(SpoolError) {
        guard let header = try FileHeader.read(file, path: path, first: number) else { return nil }
        var scan = try RecordScan(file, generation: header.generation)
        while true {
            switch try scan.next() {
            case .record(let offset, let header):
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
            case .damage(let range): damages.append(range)
            case .end(let offset, let isBlank):
                if !isBlank { torn = try scan.tail(from: offset).range }
                return
            }
        }
    }
}
