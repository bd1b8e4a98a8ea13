import CPlatform
import Glibc
import Synchronization

/// The machine's own file system.
public final class SystemDisk: Disk {
    /// The lock that was taken, as long as somebody holds it.
    private struct Held {
        weak var lock: SpoolLock?
    }

    private let held = Mutex(Held())
    private let access: Int32

    /// For whoever has the spool.
    public convenience init() { self.init(access: O_RDWR) }

    /// For whoever only looks at one, which may be on a file system that can't be written to.
    public static var forReading: SystemDisk { SystemDisk(access: O_RDONLY) }

    private init(access: Int32) { self.access = access }

    /// Opens a file for reading and writing, close-on-exec. None is made once the lock is not in its place any more.
    public func open(_ path: String, create: Bool) throws(SpoolError) -> any DiskFile {
        if create, held.withLock({ $0.lock?.isInPlace }) == false {
            throw .system(call: "open", path: path, errno: ESTALE)
        }
        let flags = access | O_CLOEXEC | (create ? O_CREAT : 0)
        let descriptor = Glibc.open(path, flags, 0o640)
        guard descriptor >= 0 else { throw .system(call: "open", path: path, errno: errno) }
        return SystemFile(descriptor, path)
    }

    /// Opens a file that is there, whose whole blocks are written past the page cache.
    public func openDirect(_ path: String) throws(SpoolError) -> any DiskFile {
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(call: "open", path: path, errno: errno) }
        return try DirectFile(SystemFile(descriptor, path), path: path)
    }

    /// The names in a directory; a listing that breaks off is an error.
    public func list(_ directory: String) throws(SpoolError) -> [String] {
        guard let stream = opendir(directory) else {
            throw .system(call: "opendir", path: directory, errno: errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                // A directory that could only be read in part must not pass for one with fewer files.
                guard errno == 0 else { throw .system(call: "readdir", path: directory, errno: errno) }
                return names
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// Makes a directory and those above it, each durable in the one above.
    public func makeDirectory(_ path: String) throws(SpoolError) {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        if mkdir(path, 0o750) == 0 { return try syncDirectory(parent) }
        let reason = errno
        if reason == EEXIST { return }
        guard reason == ENOENT, parent != "/", parent != "." else {
            throw .system(call: "mkdir", path: path, errno: reason)
        }
        try makeDirectory(parent)
        guard mkdir(path, 0o750) == 0 || errno == EEXIST else {
            throw .system(call: "mkdir", path: path, errno: errno)
        }
        try syncDirectory(parent)
    }

    /// Removes a file.
    public func remove(_ path: String) throws(SpoolError) {
        guard unlink(path) == 0 else { throw .system(call: "unlink", path: path, errno: errno) }
    }

    /// Renames a file over whatever has the new name.
    public func rename(_ path: String, to newPath: String) throws(SpoolError) {
        guard Glibc.rename(path, newPath) == 0 else { throw .system(call: "rename", path: path, errno: errno) }
    }

    /// Makes a directory's entries durable.
    public func syncDirectory(_ path: String) throws(SpoolError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(call: "open", path: path, errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system(call: "fsync", path: path, errno: errno) }
    }

    /// What an ordinary process may still write, in bytes.
    public func freeBytes(_ path: String) throws(SpoolError) -> Int {
        let free = hs_free_bytes(path)
        guard free >= 0 else { throw .system(call: "statvfs", path: path, errno: errno) }
        return Int(free)
    }

    /// Takes the lock by flock(2).
    public func lock(_ directory: String) throws(SpoolError) -> any AnyObject & Sendable {
        let lock = try SpoolLock(directory: directory)
        held.withLock { $0.lock = lock }
        return lock
    }
}

/// A file of the machine's.
final class SystemFile: DiskFile {
    private let descriptor: Int32
    private let path: String

    /// The most buffers that one pwritev(2) takes (IOV_MAX).
    private static let buffersAtOnce = 1024

    init(_ descriptor: Int32, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    func size() throws(SpoolError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(call: "fstat", path: path, errno: errno) }
        return Int(status.st_size)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SpoolError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system(call: "pread", path: path, errno: errno) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    func write(_ buffers: [UnsafeRawBufferPointer], at offset: Int) throws(SpoolError) {
        try SystemFile.write(buffers, at: offset, to: descriptor, path)
    }

    /// Writes buffers one behind the other to an open file.
    static func write(
        _ buffers: [UnsafeRawBufferPointer], at offset: Int, to descriptor: Int32, _ path: String
    ) throws(SpoolError) {
        var vectors = buffers.filter { !$0.isEmpty }.map {
            iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
        }
        var first = 0
        var position = offset
        while first < vectors.count {
            let count = vectors.withUnsafeBufferPointer {
                hs_pwritev(
                    descriptor, $0.baseAddress! + first, Int32(min($0.count - first, SystemFile.buffersAtOnce)),
                    Int64(position))
            }
            if count < 0 && errno == EINTR { continue }
            // A write of nothing would never end.
            guard count > 0 else {
                throw .system(call: "pwritev", path: path, errno: count == 0 ? ENOSPC : errno)
            }
            position += count
            var left = count
            while left > 0 {
                let length = vectors[first].iov_len
                if left < length {
                    vectors[first].iov_base += left
                    vectors[first].iov_len -= left
                    left = 0
                } else {
                    left -= length
                    first += 1
                }
            }
        }
    }

    func sync() throws(SpoolError) {
        guard fdatasync(descriptor) == 0 else { throw .system(call: "fdatasync", path: path, errno: errno) }
        // Somebody removed the file, or its directory: what is synced to it is gone when it is closed.
        guard hs_link_count(descriptor) > 0 else { throw .system(call: "fdatasync", path: path, errno: ENOENT) }
    }

    func truncate(to size: Int) throws(SpoolError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else {
            throw .system(call: "ftruncate", path: path, errno: errno)
        }
    }
}
