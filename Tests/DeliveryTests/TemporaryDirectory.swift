import Glibc
import Testing

/// A directory for one test, which goes with it.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/hookswitch-XXXXXX".utf8CString)
        if mkdtemp(&template) == nil { Issue.record("no temporary directory: errno \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { TemporaryDirectory.remove(path) }

    /// The names in a directory below it, sorted.
    func names(in directory: String = "") -> [String] { TemporaryDirectory.names("\(path)/\(directory)") }

    /// A file's text; empty if there is none.
    func text(_ name: String) -> String { String(decoding: bytes(name), as: UTF8.self) }

    /// A file's lines.
    func lines(_ name: String) -> [String] {
        text(name).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    /// A file's bytes; empty if there is none.
    func bytes(_ name: String) -> [UInt8] {
        let fd = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return [] }
        defer { close(fd) }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(fd, &buffer, buffer.count)
            guard count > 0 else { return all }
            all += buffer[..<count]
        }
    }

    /// Writes a file of this content.
    func write(_ name: String, _ text: String) {
        let fd = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        precondition(fd >= 0)
        defer { close(fd) }
        let bytes = Array(text.utf8)
        precondition(Glibc.write(fd, bytes, bytes.count) == bytes.count)
    }

    /// Removes what stands at a path, with all that is in it.
    static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        for name in names(path) { remove("\(path)/\(name)") }
        rmdir(path)
    }

    private static func names(_ path: String) -> [String] {
        guard let listing = opendir(path) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
