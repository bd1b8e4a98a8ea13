import CPlatform
import Glibc

/// A listening socket: non-blocking, close-on-exec. It closes itself, and a Unix socket's file goes with it.
final class Listener {
    let descriptor: Int32
    let address: ListenAddress

    /// Connections that the kernel keeps until they are accepted.
    private static let backlog: Int32 = 4096

    /// Opens and binds a socket. Port 0 is any free one: `address` then says which.
    init(_ wanted: ListenAddress) throws(ListenError) {
        var storage = sockaddr_storage()
        let length = wanted.fill(&storage)
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(Int32(storage.ss_family), kind, 0)
        guard descriptor >= 0 else { throw ListenError(address: wanted, call: "socket", errno: errno) }
        var failure: ListenError?
        func must(_ call: String, _ result: Int32) {
            if result != 0 && failure == nil { failure = ListenError(address: wanted, call: call, errno: errno) }
        }
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        if case .unix(let path, let mode) = wanted {
            // Whoever holds the spool's lock owns the socket's name: a file there is left over.
            unlink(path)
            let old = umask(0o777 & ~mode_t(mode))
            must("bind", Listener.bind(descriptor, &storage, length))
            umask(old)
        } else {
            must("setsockopt", setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, size))
            if case .v6 = wanted {
                must("setsockopt", setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &one, size))
            }
            must("bind", Listener.bind(descriptor, &storage, length))
        }
        if failure == nil { must("listen", listen(descriptor, Listener.backlog)) }
        if let failure {
            close(descriptor)
            throw failure
        }
        self.descriptor = descriptor
        address = Listener.boundAddress(descriptor, wanted)
    }

    deinit {
        close(descriptor)
        if case .unix(let path, _) = address { unlink(path) }
    }

    private static func bind(_ descriptor: Int32, _ storage: inout sockaddr_storage, _ length: socklen_t) -> Int32 {
        withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(descriptor, $0, length) }
        }
    }

    private static func boundAddress(_ descriptor: Int32, _ wanted: ListenAddress) -> ListenAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { return wanted }
        let port = withUnsafeBytes(of: &storage) {
            UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
        switch wanted {
        case .v4(let host, _): return .v4(host, port: port)
        case .v6(let high, let low, _): return .v6(high, low, port: port)
        case .unix: return wanted
        }
    }
}

extension ListenAddress {
    /// Writes the address as the kernel reads it; answers its length.
    func fill(_ storage: inout sockaddr_storage) -> socklen_t {
        withUnsafeMutableBytes(of: &storage) { bytes in
            switch self {
            case .v4(let address, let port):
                bytes.storeBytes(of: sa_family_t(AF_INET), as: sa_family_t.self)
                bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
                bytes.storeBytes(of: address.bigEndian, toByteOffset: 4, as: UInt32.self)
                return socklen_t(MemoryLayout<sockaddr_in>.size)
            case .v6(let high, let low, let port):
                bytes.storeBytes(of: sa_family_t(AF_INET6), as: sa_family_t.self)
                bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
                bytes.storeBytes(of: high.bigEndian, toByteOffset: 8, as: UInt64.self)
                bytes.storeBytes(of: low.bigEndian, toByteOffset: 16, as: UInt64.self)
                return socklen_t(MemoryLayout<sockaddr_in6>.size)
            case .unix(let path, _):
                bytes.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                let name = Array(path.utf8.prefix(107))
                UnsafeMutableRawBufferPointer(rebasing: bytes[2..<(2 + name.count)]).copyBytes(from: name)
                return socklen_t(2 + name.count + 1)
            }
        }
    }
}
