import Glibc

/// `audit.ndjson` or `failures.ndjson` with the files set aside before it, read in order, line by line, whether the daemon
/// runs or not. Owned by one thread.
public struct RecordFiles {
    /// A longer line is passed over: it is none of ours.
    public static let lineLimitBytes = 1 << 20
    private static let chunkBytes = 1 << 20

    private let directory: String
    private let stem: String
    private var descriptor: Int32 = -1
    private var rest: [UInt8] = []

    /// The files of a spool: `stem` is `audit` or `failures`.
    public init(spool: String, stem: String) {
        directory = spool
        self.stem = stem
    }

    /// Hands over all lines that there are, those set aside first. What the present file gains later comes with `more`.
    public mutating func all(_ take: (ArraySlice<UInt8>) -> Void) throws(FileReadError) {
        for path in RecordFiles.setAside(stem, in: directory) {
            guard try open(path) else { continue }
            try read(path, take)
            close()
        }
        try more(take)
    }

    /// Hands over what has come since, across a rotation.
    public mutating func more(_ take: (ArraySlice<UInt8>) -> Void) throws(FileReadError) {
        let path = current
        if descriptor >= 0 && !isInPlace(path) {
            try read(path, take)
            close()
        }
        if descriptor < 0, try !open(path) { return }
        try read(path, take)
    }

    private var current: String { "\(directory)/\(stem).ndjson" }

    /// The paths of the files that were set aside, the oldest first.
    static func setAside(_ stem: String, in directory: String) -> [String] {
        guard let listing = opendir(directory) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(stem + "-") && name.hasSuffix(".ndjson") { names.append(String(name.dropLast(7))) }
        }
        return names.sorted().map { "\(directory)/\($0).ndjson" }
    }

    private func isInPlace(_ path: String) -> Bool {
        var there = stat()
        var here = stat()
        guard stat(path, &there) == 0, fstat(descriptor, &here) == 0 else { return false }
        return there.st_ino == here.st_ino && there.st_dev == here.st_dev
    }

    /// Opens a file; false if there is none.
    private mutating func open(_ path: String) throws(FileReadError) -> Bool {
        rest = []
        descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor < 0 else { return true }
        // One that can't be read is not an empty one.
        guard errno == ENOENT else { throw FileReadError(path: path, reason: String(cString: strerror(errno))) }
        return false
    }

    /// Lets go of the file.
    public mutating func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }

    private mutating func read(_ path: String, _ take: (ArraySlice<UInt8>) -> Void) throws(FileReadError) {
        var chunk = [UInt8](repeating: 0, count: RecordFiles.chunkBytes)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw FileReadError(path: path, reason: String(cString: strerror(errno))) }
            if count == 0 { return }
            var start = 0
            while let end = chunk[start..<count].firstIndex(of: 0x0A) {
                rest += chunk[start..<end]
                if !rest.isEmpty && rest.count <= RecordFiles.lineLimitBytes { take(rest[...]) }
                rest.removeAll(keepingCapacity: true)
                start = end + 1
            }
            // Past the limit only the length matters, and it is known.
            if rest.count <= RecordFiles.lineLimitBytes { rest += chunk[start..<count] }
        }
    }
}
