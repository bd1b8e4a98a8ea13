import CPlatform
import Glibc

/// One daemon per spool: an advisory lock on the file `lock`, which names the process that has it.
final class SpoolLock: Sendable {
    private let descriptor: Int32
    private let path: String

    /// Takes the lock.
    /// - Throws: `SpoolError.locked` with the process that has it.
    init(directory: String) throws(SpoolError) {
        let path = directory + "/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .system(call: "open", path: path, errno: errno) }
        guard hs_lock(descriptor) == 0 else {
            var buffer = [UInt8](repeating: 0, count: 32)
            let count = pread(descriptor, &buffer, buffer.count, 0)
            close(descriptor)
            let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            throw .locked(path: path, pid: Int32(text.prefix { $0.isNumber }))
        }
        let text = Array("\(getpid())\n".utf8)
        // The number is a courtesy for whoever is refused; the lock itself does not need it.
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
        self.descriptor = descriptor
        self.path = path
    }

    /// Whether the lock's file is still where it was. If the directory was removed, another daemon may have begun a new one.
    var isInPlace: Bool {
        var mine = stat()
        var found = stat()
        return fstat(descriptor, &mine) == 0 && stat(path, &found) == 0 && mine.st_dev == found.st_dev
            && mine.st_ino == found.st_ino
    }

    deinit { close(descriptor) }
}
