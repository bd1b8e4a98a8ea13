/// What the two copies of the notes say, and what is damaged of them.
struct NotebookFiles {
    /// One copy.
    struct Copy {
        var notes: [String: [UInt8]] = [:]
        /// Stretches that are no records, or the file's end if records are missing there.
        var damages: [Range<Int>] = []
        var format: UInt32?
        var bytes = 0
    }

    /// The copies that are there, the first one first.
    private(set) var copies: [(isCopy: Bool, copy: Copy)] = []
    /// What counts.
    private(set) var notes: [String: [UInt8]] = [:]
    private(set) var damages: [Damage] = []
    /// Whether both are there and say the same, or neither is.
    private(set) var isSound = true

    /// Reads both.
    init(_ directory: String, on disk: any Disk) throws(SpoolError) {
        let names = try disk.list(directory)
        for name in [Notebook.name, Notebook.copyName] where names.contains(name) {
            let copy = try NotebookFiles.read(directory + "/" + name, on: disk)
            copies.append((name == Notebook.copyName, copy))
        }
        guard let first = copies.first else { return }
        // The first is written first: if it is whole, it is the newest.
        let whole = copies.first { $0.copy.damages.isEmpty }
        if let whole {
            notes = whole.copy.notes
        } else {
            for one in copies.reversed() { notes.merge(one.copy.notes) { _, new in new } }
        }
        for one in copies {
            damages += one.copy.damages.map { Damage(.notes(isCopy: one.isCopy), range: $0) }
        }
        if first.isCopy { damages.append(Damage(.notes(isCopy: false), range: 0..<0)) }
        for index in damages.indices { damages[index].isMended = whole != nil }
        isSound = damages.isEmpty && copies.count == 2 && copies.allSatisfy { $0.copy.notes == notes }
    }

    private static func read(_ path: String, on disk: any Disk) throws(SpoolError) -> Copy {
        let file = try disk.open(path, create: false)
        var copy = Copy(bytes: try file.size())
        copy.format = try FileHeader.read(file, path: path, first: 1)?.version
        if copy.format == nil { copy.damages.append(0..<min(FileHeader.size, copy.bytes)) }
        // An older program's does not say how many notes there are.
        var count: UInt32?
        var scan = try RecordScan(file, generation: 1)
        while true {
            switch try scan.next() {
            case .record(let offset, let header):
                scan.withPayload(offset, header) { payload in
                    var reader = ByteReader(payload)
                    if header.kind == .checkpoint { count = reader.number(UInt32.self) }
                    guard header.kind == .note, let length = reader.number(UInt16.self),
                        let key = reader.take(Int(length))
                    else { return }
                    copy.notes[String(decoding: key, as: UTF8.self)] = Array(payload[reader.offset...])
                }
            case .damage(let range): copy.damages.append(range)
            case .end(let offset, let isBlank):
                let isShort = count.map { $0 > copy.notes.count } ?? false
                let isCut = isShort && copy.damages.isEmpty
                if !isBlank || isCut { copy.damages.append(offset..<max(offset, copy.bytes)) }
                return copy
            }
        }
    }
}

extension Notebook {
    /// A report on each copy that is there.
    static func reports(_ directory: String, on disk: any Disk) throws(SpoolError) -> [SpoolInspection.FileReport] {
        let files = try NotebookFiles(directory, on: disk)
        return files.copies.map { isCopy, copy in
            var report = SpoolInspection.FileReport(
                name: isCopy ? copyName : name, format: copy.format, bytes: copy.bytes)
            report.records = copy.notes.count
            report.damages = copy.damages
            return report
        }
    }
}
