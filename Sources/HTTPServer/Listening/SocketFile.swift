import CPlatform
import Glibc

/// A Unix socket's name in the file system, with its mode and owner.
///
/// It is bound under a name beside its own and moved there once it listens: clients find the one before it or this one, and
/// never one that refuses them or that has another mode.
struct SocketFile: Sendable {
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Binds a socket and listens on it.
    /// - Throws: `EEXIST` for a file that is no socket, which is left alone, and whatever a call fails with.
    init(_ descriptor: Int32, _ address: ListenAddress, path: String, mode: UInt32, owner: ListenerSettings.Owner?)
        throws(ListenError)
    {
        func must(_ call: String, _ result: Int32) throws(ListenError) {
            if result != 0 { throw ListenError(address: address, call: call, errno: errno) }
        }
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK {
            throw ListenError(address: address, call: "bind", errno: EEXIST)
        }
        // `sun_path` holds 107 bytes: a longer name would be another one.
        let beside = path.utf8.count < 100 ? path + ".new" : String(path.dropLast(4)) + ".new"
        unlink(beside)
        var bound = ListenAddress.unix(path: beside, mode: mode).bind(descriptor)
        let reason = errno
        if bound != 0 && (reason == ENOSPC || reason == EDQUOT) {
            // The one before it has the room that this one needs, and nobody listens there any more, or for long.
            if unlink(path) == 0 { bound = ListenAddress.unix(path: beside, mode: mode).bind(descriptor) }
            if bound != 0 { errno = reason }
        }
        try must("bind", bound)
        do throws(ListenError) {
            try must("chmod", chmod(beside, mode_t(mode)))
            if let owner { try must("chown", chown(beside, owner.user ?? .max, owner.group ?? .max)) }
            try must("listen", Listener.startListening(descriptor))
            try must("stat", lstat(beside, &status))
            try must("rename", rename(beside, path))
        } catch {
            unlink(beside)
            throw error
        }
        self.path = path
        (device, inode) = (status.st_dev, status.st_ino)
    }

    /// Takes the name away, unless another socket has it by now.
    func remove() {
        var status = stat()
        if lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode { unlink(path) }
    }
}
