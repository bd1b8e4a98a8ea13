import CPlatform
import Glibc
import Platform

/// A file of lines that is appended to: a file target's, `audit.ndjson`, `failures.ndjson`.
///
/// Lines are whole: a group of them is one write, a write that falls short is taken back, and a line torn by a crash is
/// repaired before the next append. Owned by one queue.
final class LineFile {
    /// What could not be done.
    struct Fault: Error, Equatable {
        var call: String
        var path: String
        var errno: Int32
        /// Why not, where no system call failed.
        var detail: String?

        /// For people.
        var reason: String { "\(call) \(path): \(detail ?? String(cString: strerror(errno)))" }
    }

    /// How far back the beginning of a torn line is looked for, in bytes; a longer one is ended where it stands.
    static let repairLimitBytes = 4 << 20
    /// The mode of a new file for which nobody has said another.
    static let usualMode: UInt32 = 0o640

    let path: String
    private let descriptor: Int32
    private let identity: (device: UInt64, inode: UInt64)
    private(set) var sizeBytes: Int
    /// When it was last written to before it was opened, in milliseconds since 1970.
    let modifiedAt: Int64

    /// Opens or makes a file, and the directories on the way to it; repairs its last line.
    init(path: String, mode: UInt32? = nil) throws(Fault) {
        self.path = path
        var fd = LineFile.open(path, mode)
        var isNew = false
        if fd < 0 && Glibc.errno == ENOENT {
            isNew = true
            try LineFile.makeDirectories(for: path)
            fd = LineFile.open(path, mode)
        }
        guard fd >= 0 else { throw Fault(call: "open", path: path, errno: Glibc.errno) }
        var status = stat()
        guard fstat(fd, &status) == 0 else {
            let fault = Fault(call: "stat", path: path, errno: Glibc.errno)
            Glibc.close(fd)
            throw fault
        }
        if let detail = LineFile.unfit(status.st_mode & S_IFMT, path) {
            Glibc.close(fd)
            throw Fault(call: "open", path: path, errno: EINVAL, detail: detail)
        }
        descriptor = fd
        identity = (UInt64(status.st_dev), UInt64(status.st_ino))
        sizeBytes = Int(status.st_size)
        modifiedAt = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
        if sizeBytes == 0 { isNew = true }
        // A pipe or a device (`/dev/stdout`) has neither a size nor a last line.
        guard status.st_mode & S_IFMT == S_IFREG else { return }
        if isNew { LineFile.syncDirectory(of: path) }
        if let tail = LineTail(of: fd, sizeBytes: sizeBytes, limitBytes: LineFile.repairLimitBytes) { try repair(tail) }
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Whether the path still leads to this file: it was not removed, nor set aside by someone else.
    var isInPlace: Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return UInt64(status.st_dev) == identity.device && UInt64(status.st_ino) == identity.inode
    }

    /// Appends whole lines in one write. If the disk takes less, what it took is cut off again and the fault thrown.
    func append(_ lines: [UInt8]) throws(Fault) {
        var written = 0
        var fault: Fault?
        lines.withUnsafeBytes { bytes in
            while written < bytes.count && fault == nil {
                let count = write(descriptor, bytes.baseAddress! + written, bytes.count - written)
                if count >= 0 {
                    written += count
                } else if Glibc.errno != EINTR {
                    fault = Fault(call: "write", path: path, errno: Glibc.errno)
                }
            }
        }
        if let fault {
            if written > 0 && ftruncate(descriptor, off_t(sizeBytes)) != 0 { sizeBytes += written }
            throw fault
        }
        sizeBytes += written
    }

    /// Makes the data durable. What can't be synced by its kind (a pipe) counts as synced.
    func sync() throws(Fault) {
        if fdatasync(descriptor) != 0 && Glibc.errno != EINVAL && Glibc.errno != EROFS {
            throw Fault(call: "fdatasync", path: path, errno: Glibc.errno)
        }
    }

    /// Sets the file aside under a name with the time in it: `failures-20260101T000000Z.ndjson`. Open a new one then.
    /// Answers that name.
    @discardableResult
    func setAside(at now: Int64) throws(Fault) -> String {
        let (stem, suffix) = LineFile.split(path)
        var name = "\(stem)-\(CivilDate.compact(now))\(suffix)"
        var number = 2
        while access(name, F_OK) == 0 || access(name + ".gz", F_OK) == 0 {
            name = "\(stem)-\(CivilDate.compact(now))-\(number)\(suffix)"
            number += 1
        }
        guard rename(path, name) == 0 else { throw Fault(call: "rename", path: path, errno: Glibc.errno) }
        LineFile.syncDirectory(of: path)
        return name
    }

    /// A path before and from the last dot of its file name: `a/b.ndjson` as `a/b` and `.ndjson`.
    static func split(_ path: String) -> (stem: String, suffix: String) {
        guard let dot = path.lastIndex(of: "."), dot > path.startIndex, path[path.index(before: dot)] != "/",
            !path[dot...].contains("/")
        else { return (path, "") }
        return (String(path[..<dot]), String(path[dot...]))
    }

    private func repair(_ tail: LineTail) throws(Fault) {
        switch tail.repair {
        case .none: return
        case .end: try append([UInt8(ascii: "\n")])
        case .cut(let length):
            guard ftruncate(descriptor, off_t(length)) == 0 else {
                throw Fault(call: "ftruncate", path: path, errno: Glibc.errno)
            }
            sizeBytes = length
        }
    }

    /// Why lines are not written to what is no regular file; `nil` if they may be. What is written to a pipe of the file system is gone
    /// with whoever reads it, if anybody does; under `/dev` stand devices, and our own standard output, whatever that is.
    private static func unfit(_ kind: mode_t, _ path: String) -> String? {
        switch kind {
        case S_IFREG, S_IFCHR: nil
        case S_IFIFO where path.hasPrefix("/dev/"): nil
        case S_IFIFO: "it is a pipe, and not a file"
        default: "it is no regular file"
        }
    }

    /// Opens a file, or makes it: with just the mode that is wanted, else with the usual one, of which the process' mask (umask) takes.
    private static func open(_ path: String, _ wanted: UInt32?) -> Int32 {
        let mode = mode_t(wanted ?? LineFile.usualMode)
        let flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY
        let found = Glibc.open(path, flags)
        guard found < 0 && Glibc.errno == ENOENT else { return found }
        let made = Glibc.open(path, flags | O_CREAT | O_EXCL, mode)
        if made >= 0 && wanted != nil { fchmod(made, mode) }
        // A link that leads to no file yet is there already.
        return made < 0 && Glibc.errno == EEXIST ? Glibc.open(path, flags | O_CREAT, mode) : made
    }

    private static func makeDirectories(for path: String) throws(Fault) {
        var made = ""
        for component in path.split(separator: "/", omittingEmptySubsequences: true).dropLast() {
            made += (made.isEmpty && !path.hasPrefix("/") ? "" : "/") + component
            if mkdir(made, 0o750) != 0 && Glibc.errno != EEXIST {
                throw Fault(call: "mkdir", path: made, errno: Glibc.errno)
            }
        }
    }

    static func syncDirectory(of path: String) {
        let directory = path.lastIndex(of: "/").map { path[..<$0].isEmpty ? "/" : String(path[..<$0]) } ?? "."
        let fd = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { return }
        fsync(fd)
        Glibc.close(fd)
    }
}
