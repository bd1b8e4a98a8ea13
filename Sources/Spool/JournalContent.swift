/// What a journal's file says: its checkpoint, and what was noted after it.
struct JournalContent {
    private(set) var standings: [Standing] = []
    private(set) var entries: [JournalEntry] = []
    private(set) var keys: [KeptKey] = []
    /// Whether the checkpoint is complete: else the journal before this one counts.
    private(set) var isWhole = false
    /// Bytes that are no record, with a good record behind them.
    private(set) var damages: [Range<Int>] = []

    /// Reads a journal; `nil` if the file has no header.
    init?(_ file: any DiskFile, path: String, number: UInt64) throws(SpoolError) {
        guard let header = try FileHeader.read(file, path: path, first: number) else { return nil }
        var scan = try RecordScan(file, generation: header.generation)
        while true {
            switch try scan.next() {
            case .record(let offset, let header):
                scan.withPayload(offset, header) { payload in
                    var reader = ByteReader(payload)
                    switch header.kind {
                    case .standing: if let standing = Standing(payload) { standings.append(standing) }
                    case .outcomes:
                        while !reader.isAtEnd, let entry = JournalEntry(&reader) { entries.append(entry) }
                    case .keys:
                        while !reader.isAtEnd, let key = KeptKey(&reader) { keys.append(key) }
                    case .checkpoint: isWhole = true
                    case .event, .queues, .index, .trailer, .note, .quarantined, .settled: break
                    }
                }
            case .damage(let range): damages.append(range)
            case .end: return
            }
        }
    }
}
