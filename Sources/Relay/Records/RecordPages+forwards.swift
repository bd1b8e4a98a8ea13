/// The files read forwards, by whoever passes on what they gain.
extension RecordPages {
    /// Whole lines of one of the files.
    struct Stretch {
        var lines: [UInt8] = []
        /// Behind the lines; where there are none, where the files end. `nil` if there is no file to go on with.
        var end: Cursor?
        /// Whether the file is gone that was to be gone on from, since somebody has moved or emptied it: the lines are the first ones
        /// of the present file.
        var isBroken = false
        /// Lines passed over because they are longer than a stretch may be.
        var passedOver = 0
    }

    /// Where the files end; `nil` if there is none yet.
    var end: Cursor? {
        get throws(FileReadError) {
            try RecordFile.all(of: stem, in: directory).first.map { Cursor(inode: $0.inode, offset: $0.end) }
        }
    }

    /// The lines behind a place (`nil`: all), so many bytes of them at the most.
    func forwards(from cursor: Cursor?, limitBytes: Int) throws(FileReadError) -> Stretch {
        var stretch = Stretch()
        var (files, first) = try files(from: cursor)
        // A file that is set aside in this moment can be missed under both of its names: once more.
        if first == nil { (files, first) = try self.files(from: cursor) }
        var offset = cursor?.offset ?? 0
        if let cursor, let first, try !RecordPages.isPlace(cursor.offset, in: files[first]) {
            (stretch.isBroken, offset) = (true, 0)
        } else if first == nil && files.last?.path == present {
            (stretch.isBroken, first, offset) = (true, files.count - 1, 0)
        }
        // Between a file that was moved and the next one there is none: what is there was passed on before.
        guard let first else { return stretch }
        for file in files[first...] {
            while offset < file.end {
                let chunk = try file.read(offset..<min(file.end, offset + limitBytes))
                stretch.end = Cursor(inode: file.inode, offset: offset)
                if let last = chunk.lastIndex(of: 0x0A) {
                    stretch.lines = Array(chunk[...last])
                    stretch.end?.offset = offset + last + 1
                    return stretch
                }
                offset = try RecordPages.endOfLine(from: offset + chunk.count, in: file)
                stretch.passedOver += 1
            }
            stretch.end = Cursor(inode: file.inode, offset: file.end)
            offset = 0
        }
        return stretch
    }

    /// How many bytes of lines stand behind a place.
    func bytes(behind cursor: Cursor?) throws(FileReadError) -> Int {
        let (files, first) = try files(from: cursor)
        guard let first else { return files.last.map { $0.path == present ? $0.end : 0 } ?? 0 }
        return files[first...].reduce(0) { $0 + $1.end } - (cursor?.offset ?? 0)
    }

    private var present: String { "\(directory)/\(stem).ndjson" }

    /// The files in their order, and the index of the one that a place is in.
    private func files(from cursor: Cursor?) throws(FileReadError) -> (files: [RecordFile], first: Int?) {
        let files = Array(try RecordFile.all(of: stem, in: directory).reversed())
        guard let cursor else { return (files, files.isEmpty ? nil : 0) }
        return (files, files.firstIndex { $0.inode == cursor.inode })
    }

    /// Whether a line begins there. If not, the file is another that has got the same inode.
    private static func isPlace(_ offset: Int, in file: RecordFile) throws(FileReadError) -> Bool {
        if offset == 0 { return true }
        guard offset <= file.end else { return false }
        return try file.read(offset - 1..<offset) == [0x0A]
    }

    private static func endOfLine(from offset: Int, in file: RecordFile) throws(FileReadError) -> Int {
        var offset = offset
        while offset < file.end {
            let chunk = try file.read(offset..<min(file.end, offset + chunkBytes))
            if let end = chunk.firstIndex(of: 0x0A) { return offset + end + 1 }
            offset += chunk.count
        }
        return file.end
    }
}
