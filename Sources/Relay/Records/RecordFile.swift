import Delivery
import Glibc

/// One of the files that `audit.ndjson` or `failures.ndjson` is and was, open for reading. It closes itself.
final class RecordFile {
    let path: String
    let inode: UInt64
    /// Where its last whole line ends.
    let end: Int
    /// Whether no older one is kept.
    private(set) var isOldest = false
    private let descriptor: Int32
    /// When it was set aside, as its name says: `20260101T000000Z`; `nil` for the one that is written to.
    private let setAsideAt: String?

    /// How far back the end of the last whole line is looked for, in bytes.
    private static let tailBytes = 1 << 20

    /// Opens a file; `nil` if there is none.
    private init?(path: String, setAsideAt: String?) throws(FileReadError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            // One that can't be read is not an empty one.
            guard errno == ENOENT else { throw FileReadError(path: path, reason: String(cString: strerror(errno))) }
            return nil
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw FileReadError(path: path, reason: reason)
        }
        self.path = path
        self.descriptor = descriptor
        self.setAsideAt = setAsideAt
        inode = UInt64(status.st_ino)
        end = RecordFile.endOfLines(descriptor, size: Int(status.st_size))
    }

    deinit { close(descriptor) }

    /// All files of a stem, the newest first.
    static func all(of stem: String, in directory: String) throws(FileReadError) -> [RecordFile] {
        var files: [RecordFile] = []
        if let present = try RecordFile(path: "\(directory)/\(stem).ndjson", setAsideAt: nil) { files.append(present) }
        for path in RecordFiles.setAside(stem, in: directory).reversed() {
            let name = path.dropLast(".ndjson".count)
            let moment = name.split(separator: "/").last?.dropFirst(stem.count + 1).prefix(16)
            if let file = try RecordFile(path: path, setAsideAt: moment.map(String.init)) { files.append(file) }
        }
        files.last?.isOldest = true
        return files
    }

    /// Whether all that it holds was written before a moment: `2026-01-01T00:00:00.000Z`, or the beginning of that.
    func isOlder(than moment: String) -> Bool {
        guard let setAsideAt else { return false }
        let compact = String(moment.prefix(19).filter { $0 != "-" && $0 != ":" })
        return setAsideAt.prefix(compact.count) < compact
    }

    /// Bytes of the file.
    func read(_ range: Range<Int>) throws(FileReadError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        let count = pread(descriptor, &bytes, range.count, off_t(range.lowerBound))
        guard count == range.count else {
            throw FileReadError(path: path, reason: count < 0 ? String(cString: strerror(errno)) : "it has shrunk")
        }
        return bytes
    }

    private static func endOfLines(_ descriptor: Int32, size: Int) -> Int {
        let start = max(0, size - tailBytes)
        var bytes = [UInt8](repeating: 0, count: min(size, 4096))
        guard size > 0, pread(descriptor, &bytes, bytes.count, off_t(size - bytes.count)) == bytes.count else {
            return 0
        }
        if bytes.last == 0x0A { return size }
        // A line is being written: its beginning is left alone.
        bytes = [UInt8](repeating: 0, count: size - start)
        guard pread(descriptor, &bytes, bytes.count, off_t(start)) == bytes.count else { return 0 }
        return bytes.lastIndex(of: 0x0A).map { start + $0 + 1 } ?? 0
    }
}
