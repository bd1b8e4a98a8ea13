/// What is kept apart from the events: payloads by number, in a few files of records with a bound over all of them.
///
/// ```
/// quarantine/00000000000000000007.quarantine    a file's header, then records:
///     kind `quarantined`   sequence: the number, payload: what was given
///     kind `settled`       payload: numbers (u64 each) that are not kept any more
/// ```
/// A file is begun at each start and whenever the present one is full, so that a torn tail is never appended to. When the
/// bound is reached the oldest file goes, whatever is still in it. Owned by one queue; what it says is durable when it returns.
public struct QuarantineFiles {
    /// All files together have no more, in bytes.
    public static let limitBytes = 64 << 20
    /// A file has no more, in bytes; nor has what can be kept.
    public static let fileLimitBytes = 8 << 20

    /// There are no more of them: each start that keeps something begins one.
    public static let fileCountLimit = 64

    /// Where one payload stands.
    private struct Entry {
        var file: UInt64
        var offset: Int
    }

    private struct File {
        var first: UInt64
        var bytes: Int
        var file: any DiskFile
    }

    /// Payloads that had to go since the start because there was no more room.
    public private(set) var dropped = 0

    private let directory: String
    private let disk: any Disk
    private let limitBytes: Int
    private let fileLimitBytes: Int
    private var files: [File] = []
    private var entries: [UInt64: Entry] = [:]
    /// The file that is appended to; `nil` until there is something to append.
    private var isOpen = false
    private var nextNumber: UInt64 = 1

    /// Reads what is kept in a spool's directory. Damage is stepped over. Where there is no room for a directory yet, it is made with the
    /// first file.
    public init(
        spool: String, disk: any Disk = SystemDisk(), limitBytes: Int = QuarantineFiles.limitBytes,
        fileLimitBytes: Int = QuarantineFiles.fileLimitBytes
    ) throws(SpoolError) {
        self.limitBytes = limitBytes
        self.fileLimitBytes = fileLimitBytes
        directory = spool + "/quarantine"
        self.disk = disk
        do throws(SpoolError) { try disk.makeDirectory(directory) } catch {
            guard error.isForWantOfRoom else { throw error }
            return
        }
        for first in try disk.list(directory).compactMap(QuarantineFiles.first(ofName:)).sorted() { try read(first) }
    }

    /// The numbers kept, in order.
    public var numbers: [UInt64] { entries.keys.sorted() }
    /// How many are kept.
    public var count: Int { entries.count }
    /// What the files hold, in bytes.
    public var bytes: Int { files.reduce(0) { $0 + $1.bytes } }

    private static func name(_ first: UInt64) -> String {
        let digits = String(first)
        return String(repeating: "0", count: max(0, 20 - digits.count)) + digits + ".quarantine"
    }

    private static func first(ofName name: String) -> UInt64? {
        guard name.hasSuffix(".quarantine"), let first = UInt64(name.dropLast(11)), name == self.name(first) else {
            return nil
        }
        return first
    }

    private mutating func read(_ first: UInt64) throws(SpoolError) {
        let path = directory + "/" + QuarantineFiles.name(first)
        let file = try disk.open(path, create: false)
        files.append(File(first: first, bytes: try file.size(), file: file))
        nextNumber = max(nextNumber, first)
        // Without a header it was made and not yet synced when the power went: nothing in it was promised.
        guard try FileHeader.read(file, path: path, first: first) != nil else { return }
        var scan = try RecordScan(file, generation: first)
        while true {
            switch try scan.next() {
            case .record(let offset, let header):
                if header.kind == .quarantined {
                    entries[header.sequence] = Entry(file: first, offset: offset)
                    nextNumber = max(nextNumber, header.sequence + 1)
                } else if header.kind == .settled {
                    scan.withPayload(offset, header) { bytes in
                        var reader = ByteReader(bytes)
                        while let number = reader.number(UInt64.self) { entries[number] = nil }
                    }
                }
            case .damage: continue
            case .end: return
            }
        }
    }

    /// Keeps payloads; answers their numbers, `nil` for one that is too long to be kept. On an error none of them is.
    public mutating func append(_ payloads: [[UInt8]]) throws(SpoolError) -> [UInt64?] {
        var numbers: [UInt64?] = []
        var fresh: [UInt64: Entry] = [:]
        for payload in payloads {
            guard Record.paddedSize(payload: payload.count) <= fileLimitBytes - FileHeader.size else {
                numbers.append(nil)
                continue
            }
            let number = try reserveNumber(for: payload)
            fresh[number] = try write(.quarantined, number, payload)
            numbers.append(number)
        }
        try sync()
        // What made room for the last of a great many may have been the first of them.
        for (number, entry) in fresh where files.contains(where: { $0.first == entry.file }) { entries[number] = entry }
        return numbers
    }

    /// Lets go of what was kept under these numbers.
    public mutating func remove(_ numbers: [UInt64]) throws(SpoolError) {
        var payload: [UInt8] = []
        for number in numbers where entries[number] != nil { payload.append(littleEndian: number) }
        guard !payload.isEmpty else { return }
        try makeRoom(for: payload)
        _ = try write(.settled, 0, payload)
        try sync()
        for number in numbers { entries[number] = nil }
        // From the oldest on, what holds nothing any more goes. The newest stays: it knows the next number.
        while files.count > 1, !entries.values.contains(where: { $0.file == files[0].first }) { try removeOldest() }
    }

    private mutating func reserveNumber(for payload: [UInt8]) throws(SpoolError) -> UInt64 {
        try makeRoom(for: payload)
        defer { nextNumber += 1 }
        return nextNumber
    }

    /// Sees to it that there is a file with room for a payload, and that the bound is kept.
    private mutating func makeRoom(for payload: [UInt8]) throws(SpoolError) {
        let size = Record.paddedSize(payload: payload.count)
        if !isOpen || (files.last?.bytes ?? 0) + size > fileLimitBytes { try begin() }
        while files.count > 1,
            bytes + size > limitBytes || files.count > QuarantineFiles.fileCountLimit
        {
            try removeOldest()
        }
    }

    private mutating func begin() throws(SpoolError) {
        try sync()
        // No two files begin with the same number: a file without any takes one with it.
        if files.last?.first == nextNumber { nextNumber += 1 }
        let first = nextNumber
        try disk.makeDirectory(directory)
        let file = try disk.open(directory + "/" + QuarantineFiles.name(first), create: true)
        try file.truncate(to: 0)
        try file.write(FileHeader(purpose: .quarantine, first: first, salt: 0).encoded, at: 0)
        try file.sync()
        try disk.syncDirectory(directory)
        files.append(File(first: first, bytes: FileHeader.size, file: file))
        isOpen = true
    }

    private mutating func write(_ kind: Record.Kind, _ number: UInt64, _ payload: [UInt8]) throws(SpoolError) -> Entry {
        let file = files[files.count - 1]
        let record = Record.encode(kind, generation: file.first, sequence: number, payload: payload)
        do throws(SpoolError) { try file.file.write(record, at: file.bytes) } catch {
            isOpen = false
            throw error
        }
        files[files.count - 1].bytes += record.count
        return Entry(file: file.first, offset: file.bytes)
    }

    /// After a sync that failed the file's pages may be gone: it is not written to again.
    private mutating func sync() throws(SpoolError) {
        guard isOpen, let last = files.last else { return }
        do throws(SpoolError) { try last.file.sync() } catch {
            isOpen = false
            throw error
        }
    }

    private mutating func removeOldest() throws(SpoolError) {
        try disk.remove(directory + "/" + QuarantineFiles.name(files[0].first))
        try disk.syncDirectory(directory)
        let oldest = files.removeFirst()
        let kept = entries.filter { $0.value.file != oldest.first }
        dropped += entries.count - kept.count
        entries = kept
    }

    /// What is kept under a number; `nil` if nothing is, or if it is damaged.
    public func payload(_ number: UInt64) throws(SpoolError) -> [UInt8]? {
        guard let entry = entries[number], let file = files.first(where: { $0.first == entry.file })?.file else {
            return nil
        }
        let head = try file.read(Record.headerBytes, at: entry.offset)
        guard let header = head.withUnsafeBytes({ Record.header($0, generation: entry.file) }) else { return nil }
        let record = try file.read(Record.headerBytes + header.length, at: entry.offset)
        guard record.count == Record.headerBytes + header.length,
            record.withUnsafeBytes({ Record.isIntact($0, length: header.length) })
        else { return nil }
        return Array(record[Record.headerBytes...])
    }
}
