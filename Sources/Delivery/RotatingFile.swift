import Glibc

/// A file of lines that is set aside when it has grown, and opened again when it was moved or removed.
/// Owned by one queue.
struct RotatingFile {
    let path: String
    /// The mode of a new one; `nil` for the usual one.
    let mode: UInt32?
    /// At how many bytes it is set aside; `nil` for never.
    var rotateBytes: Int?
    /// It is set aside when a new period of so many milliseconds since 1970 has begun; `nil` for never. A day's is UTC's.
    var rotatePeriodMilliseconds: Int64?
    /// How many files set aside are kept; `nil` for all.
    var keep: Int?
    private var file: LineFile?
    private var writtenAt: Int64 = 0

    init(path: String, mode: UInt32? = nil, rotateBytes: Int?, keep: Int? = nil) {
        self.path = path
        self.mode = mode
        self.rotateBytes = rotateBytes
        self.keep = keep
    }

    /// Whether a descriptor is open.
    var isOpen: Bool { file != nil }

    /// Appends whole lines in one write, into a new file if this one is full or of a former period. Answers the name under which
    /// the former one was set aside, if it was.
    @discardableResult
    mutating func append(_ lines: [UInt8], now: Moment) throws(LineFile.Fault) -> String? {
        if let file, !file.isInPlace { self.file = nil }
        var file: LineFile
        var name: String?
        if let open = self.file {
            file = open
        } else {
            file = try LineFile(path: path, mode: mode)
            writtenAt = file.modifiedAt
        }
        self.file = file
        if file.sizeBytes > 0, isOver(file.sizeBytes + lines.count, now.wall) {
            name = try file.setAside(at: now.wall)
            if let keep { RotatingFile.forget(path, keep: keep) }
            self.file = nil
            file = try LineFile(path: path, mode: mode)
            self.file = file
        }
        writtenAt = now.wall
        try file.append(lines)
        return name
    }

    /// Whether a file would be too large, or is of a former period. A clock set back begins no new one.
    private func isOver(_ bytes: Int, _ now: Int64) -> Bool {
        if let rotateBytes, bytes > rotateBytes { return true }
        guard let period = rotatePeriodMilliseconds, period > 0 else { return false }
        return now / period > writtenAt / period
    }

    /// Makes what was appended durable. After a fault the file is opened anew: a sync that failed is never repeated.
    mutating func sync() throws(LineFile.Fault) {
        do throws(LineFile.Fault) {
            try file?.sync()
        } catch {
            file = nil
            throw error
        }
    }

    /// Closes it until the next line.
    mutating func close() { file = nil }

    /// Removes the oldest of the files set aside; answers whether there was one.
    func forgetOldest() -> Bool {
        guard let oldest = RotatingFile.setAside(path).first else { return false }
        return unlink(oldest) == 0
    }

    /// Removes the oldest of the files set aside.
    private static func forget(_ path: String, keep: Int) {
        for name in setAside(path).dropLast(keep) { unlink(name) }
    }

    /// What was set aside of a file and is not compressed, oldest first.
    static func setAside(_ path: String) -> [String] {
        let (stem, suffix) = LineFile.split(path)
        guard let slash = stem.lastIndex(of: "/"), let listing = opendir(String(stem[..<slash])) else { return [] }
        defer { closedir(listing) }
        let prefix = String(stem[stem.index(after: slash)...]) + "-"
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { continue }
            if isMoment(name.dropFirst(prefix.count).dropLast(suffix.count)) { names.append(name) }
        }
        return names.sorted().map { stem[...slash] + $0 }
    }

    /// Whether a part of a name is a moment as `CivilDate.compact` writes it, and perhaps a number behind it.
    private static func isMoment(_ text: Substring) -> Bool {
        let form = Array("00000000T000000Z".utf8)
        let given = Array(text.utf8)
        func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
        guard given.count >= form.count, zip(given, form).allSatisfy({ $1 == 0x30 ? isDigit($0) : $0 == $1 })
        else { return false }
        let number = given.dropFirst(form.count)
        return number.isEmpty || (number.first == 0x2D && number.count > 1 && number.dropFirst().allSatisfy(isDigit))
    }
}
