import Glibc

/// A file of lines that is set aside when it has grown, and opened again when it was moved or removed.
/// Owned by one queue.
struct RotatingFile {
    let path: String
    var mode: UInt32 = 0o640
    /// At how many bytes it is set aside; `nil` for never.
    var rotateBytes: Int?
    /// How many files set aside are kept; `nil` for all.
    var keep: Int?
    private var file: LineFile?

    init(path: String, mode: UInt32 = 0o640, rotateBytes: Int?, keep: Int? = nil) {
        self.path = path
        self.mode = mode
        self.rotateBytes = rotateBytes
        self.keep = keep
    }

    /// Whether a descriptor is open.
    var isOpen: Bool { file != nil }

    /// Appends whole lines in one write, into a new file if this one is full.
    mutating func append(_ lines: [UInt8], now: Moment) throws(LineFile.Fault) {
        if let file, !file.isInPlace { self.file = nil }
        var file: LineFile
        if let open = self.file { file = open } else { file = try LineFile(path: path, mode: mode) }
        self.file = file
        if let rotateBytes, file.sizeBytes > 0, file.sizeBytes + lines.count > rotateBytes {
            try file.setAside(at: now.wall)
            if let keep { RotatingFile.forget(path, keep: keep) }
            self.file = nil
            file = try LineFile(path: path, mode: mode)
            self.file = file
        }
        try file.append(lines)
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

    /// Removes the oldest of the files set aside.
    private static func forget(_ path: String, keep: Int) {
        let (stem, suffix) = LineFile.split(path)
        guard let slash = stem.lastIndex(of: "/"), let listing = opendir(String(stem[..<slash])) else { return }
        defer { closedir(listing) }
        let prefix = String(stem[stem.index(after: slash)...]) + "-"
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(prefix) && name.hasSuffix(suffix) { names.append(name) }
        }
        for name in names.sorted().dropLast(keep) { unlink(stem[...slash] + name) }
    }
}
