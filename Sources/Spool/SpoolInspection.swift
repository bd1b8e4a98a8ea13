/// A walk through every record of a spool, whether its daemon runs or not. Nothing is locked and nothing changed.
public struct SpoolInspection: Sendable {
    /// What was found in one file.
    public struct FileReport: Sendable {
        /// The file's name in `segments/`.
        public var name: String
        /// The version of its format; `nil` if its header is damaged.
        public var format: UInt32?
        /// Its size in bytes.
        public var bytes: Int
        /// Events with a whole record; for a journal, outcomes.
        public var records = 0
        /// Events whose attributes and body were erased.
        public var erased = 0
        /// The first and the last event's number.
        public var numbers: ClosedRange<UInt64>?
        /// Stretches that are no records, with where they begin and end.
        public var damages: [Range<Int>] = []
        /// Numbers of events that were acknowledged and that no segment has, before this file's or, if it is the last, behind them.
        public var missing: [Range<UInt64>] = []
        /// Whether it was sealed with an index, and the index says what the records say; `nil` for one without.
        public var indexIsTrue: Bool?

        /// Whether nothing is wrong with it.
        public var isSound: Bool {
            damages.isEmpty && missing.isEmpty && format != nil && indexIsTrue != false
        }

        /// How many numbers it speaks of, whether each has a record or not.
        var covered = 0
    }

    private let directory: String
    private let disk: any Disk
    /// The spool, whose notes are looked at too.
    private var path: String?

    /// An inspection of the spool at a path.
    public init(path: String, disk: any Disk = SystemDisk.forReading) {
        self.init(directory: path + "/segments", on: disk)
        self.path = path
    }

    init(directory: String, on disk: any Disk) {
        self.directory = directory
        self.disk = disk
    }

    /// How many bytes there are to walk.
    public func size() throws(SpoolError) -> Int {
        var size = 0
        for name in try disk.list(directory)
        where SegmentWriter.first(ofName: name) != nil || OutcomeJournal.number(ofName: name) != nil {
            let path = "\(directory)/\(name)"
            if let found = try present({ () throws(SpoolError) in try disk.open(path, create: false).size() }) {
                size += found
            }
        }
        return size
    }

    /// Walks all files, segments first, in order. A file that the daemon removes meanwhile is passed over.
    public func run(_ report: (FileReport) -> Void) throws(SpoolError) {
        // Read before the segments are: what it knows of is in them.
        let mark = try mark()
        let names = try disk.list(directory).sorted()
        let firsts = names.compactMap(SegmentWriter.first(ofName:)).sorted()
        var end: UInt64 = 1
        for (place, first) in firsts.enumerated() {
            let next = place + 1 < firsts.count ? firsts[place + 1] : nil
            guard var found = try present({ () throws(SpoolError) in try segment(first, before: next) }) else {
                continue
            }
            found.missing = try missing(mark, end..<max(end, first))
            end = max(end, first + UInt64(found.covered))
            if next == nil { found.missing += try missing(mark, end..<max(end, mark.durable)) }
            report(found)
        }
        let journals = names.compactMap(OutcomeJournal.number(ofName:)).sorted()
        if journals.isEmpty, end > 1 {
            var none = FileReport(name: OutcomeJournal.name(0), format: FileHeader.version, bytes: 0)
            none.damages = [0..<0]
            report(none)
        }
        for number in journals {
            guard var found = try present({ () throws(SpoolError) in try journal(number) }) else { continue }
            if firsts.isEmpty, number == journals.last { found.missing = try missing(mark, 1..<max(1, mark.durable)) }
            report(found)
        }
        if let path { for found in try Notebook.reports(path, on: disk) { report(found) } }
    }

    /// Which of these numbers, that no segment has, should be there. The daemon may have removed their segment since.
    private func missing(_ mark: NumberMark, _ numbers: Range<UInt64>) throws(SpoolError) -> [Range<UInt64>] {
        let missing = mark.missing(of: numbers)
        guard !missing.isEmpty else { return [] }
        let now = try self.mark()
        return missing.flatMap { now.missing(of: $0) }
    }

    /// What the newest journal says of numbers.
    private func mark() throws(SpoolError) -> NumberMark {
        try SpoolReader.again { () throws(SpoolError) in
            guard let number = try disk.list(directory).compactMap(OutcomeJournal.number(ofName:)).max() else {
                return NumberMark()
            }
            let path = directory + "/" + OutcomeJournal.name(number)
            let content = try JournalContent(try disk.open(path, create: false), path: path, number: number)
            return content.counted ?? NumberMark()
        }
    }

    private func present<Found>(_ look: () throws(SpoolError) -> Found) throws(SpoolError) -> Found? {
        do throws(SpoolError) { return try look() } catch {
            if case .system("open", _, errno: 2) = error { return nil }
            throw error
        }
    }

    private func segment(_ first: UInt64, before next: UInt64?) throws(SpoolError) -> FileReport {
        let path = directory + "/" + SegmentWriter.name(first)
        let file = try disk.open(path, create: false)
        var report = FileReport(name: SegmentWriter.name(first), bytes: try file.size())
        let header = try FileHeader.read(file, path: path, first: first)
        report.format = header?.version
        let generation = try RecordScan.generation(of: file, by: header, first: first)
        var scan = try RecordScan(file, generation: generation)
        var found: [(place: UInt32, offset: UInt32)] = []
        walking: while true {
            switch try scan.next() {
            case .record(let offset, let record):
                guard record.kind == .event, record.sequence < next ?? .max, record.sequence >= first else { continue }
                found.append((UInt32(record.sequence - first), UInt32(offset)))
                let isErased = scan.withPayload(offset, record) { EventPayload($0)?.isErased }
                guard let isErased else {
                    report.damages.append(offset..<(offset + record.size))
                    continue
                }
                report.records += 1
                if isErased { report.erased += 1 }
                report.numbers = (report.numbers?.lowerBound ?? record.sequence)...record.sequence
            case .damage(let range):
                if first + UInt64(found.last.map { $0.place + 1 } ?? 0) < next ?? .max { report.damages.append(range) }
            case .end(let offset, let isBlank):
                // The newest segment's end is being written, or was torn: a start cuts it.
                let isMissing = first + UInt64(found.last.map { $0.place + 1 } ?? 0) < next ?? 0
                if !isBlank && isMissing { report.damages.append(offset..<report.bytes) }
                break walking
            }
        }
        report.covered = found.last.map { Int($0.place) + 1 } ?? 0
        if let header, let index = try SegmentIndex.read(file, header) {
            report.covered = max(report.covered, index.places.count)
            guard report.damages.isEmpty else { return report }
            let fits = found.last.map { Int($0.place) < index.places.count } ?? true
            report.indexIsTrue = fits && index.places == Places(found, count: index.places.count)
        }
        return report
    }

    private func journal(_ number: UInt64) throws(SpoolError) -> FileReport {
        let name = OutcomeJournal.name(number)
        let path = directory + "/" + name
        let file = try disk.open(path, create: false)
        var report = FileReport(name: name, bytes: try file.size())
        report.format = try FileHeader.read(file, path: path, first: number)?.version
        var entries = 0
        let content = try JournalContent(file, path: path, number: number, entry: { _ in entries += 1 })
        report.records = entries
        report.damages = content.damages
        return report
    }
}
