import Glibc

/// Why a file could not be read.
public struct FileReadError: Error, Sendable {
    /// The path.
    public var path: String
    /// The reason, as the system words it.
    public var reason: String
}

/// Small files, read whole.
public enum FileContent {
    /// Reads a file of at most `limitBytes`.
    public static func read(_ path: String, limitBytes: Int) throws(FileReadError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileReadError(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw FileReadError(path: path, reason: String(cString: strerror(errno))) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > limitBytes {
                throw FileReadError(path: path, reason: "it is longer than \(limitBytes) bytes")
            }
        }
    }
}
