import CPlatform
import Glibc

/// A listening socket: non-blocking, close-on-exec. It closes itself, and a Unix socket's file goes with it.
final class Listener: Sendable {
    let descriptor: Int32
    let address: ListenAddress
    let settings: ListenerSettings
    /// The file of a Unix socket of our own, by device and inode: another program's at the same path is left alone.
    private let file: SocketFile?

    /// Connections that the kernel keeps until they are accepted.
    private static let backlog: Int32 = 4096

    /// Opens and binds a socket. Port 0 is any free one: `address` then says which.
    ///
    /// A shared address may have several sockets, between which the kernel spreads connections (SO_REUSEPORT, socket(7)).
    init(_ settings: ListenerSettings, isShared: Bool = false) throws(ListenError) {
        self.settings = settings
        switch settings.address {
        case .inherited(let name):
            guard let inherited = InheritedSockets.named(name).first(where: InheritedSockets.isListening) else {
                throw ListenError(address: settings.address, call: "LISTEN_FDS", errno: ENOENT)
            }
            // A copy: the one that was passed stays for whoever asks for the name next.
            descriptor = fcntl(inherited, F_DUPFD_CLOEXEC, 3)
            guard descriptor >= 0 else { throw ListenError(address: settings.address, call: "fcntl", errno: errno) }
            _ = hs_set_nonblocking(descriptor)
            (address, file) = (settings.address, nil)
        case .unix(let path, let mode):
            descriptor = try Listener.open(settings.address)
            do throws(ListenError) {
                file = try SocketFile(descriptor, settings.address, path: path, mode: mode, owner: settings.owner)
            } catch {
                close(descriptor)
                throw error
            }
            address = settings.address
        case .v4, .v6:
            descriptor = try Listener.open(settings.address)
            do throws(ListenError) {
                try Listener.bind(descriptor, settings.address, isShared: isShared)
            } catch {
                close(descriptor)
                throw error
            }
            (address, file) = (Listener.boundAddress(descriptor, settings.address), nil)
        }
    }

    deinit {
        file?.remove()
        close(descriptor)
    }

    /// Fails if anything listens at an address, a socket that would share it too.
    static func checkIsFree(_ address: ListenAddress) throws(ListenError) {
        guard let port = address.port, port != 0 else { return }
        let descriptor = try open(address)
        defer { close(descriptor) }
        try bind(descriptor, address, isShared: false)
    }

    private static func open(_ address: ListenAddress) throws(ListenError) -> Int32 {
        var storage = sockaddr_storage()
        _ = address.fill(&storage)
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(Int32(storage.ss_family), kind, 0)
        guard descriptor >= 0 else { throw ListenError(address: address, call: "socket", errno: errno) }
        return descriptor
    }

    private static func bind(_ descriptor: Int32, _ address: ListenAddress, isShared: Bool) throws(ListenError) {
        func must(_ call: String, _ result: Int32) throws(ListenError) {
            if result != 0 { throw ListenError(address: address, call: call, errno: errno) }
        }
        func set(_ level: Int32, _ option: Int32) throws(ListenError) {
            var one: Int32 = 1
            try must("setsockopt", setsockopt(descriptor, level, option, &one, socklen_t(MemoryLayout<Int32>.size)))
        }
        try set(SOL_SOCKET, SO_REUSEADDR)
        if isShared { try set(SOL_SOCKET, SO_REUSEPORT) }
        if case .v6 = address { try set(Int32(IPPROTO_IPV6), IPV6_V6ONLY) }
        try must("bind", address.bind(descriptor))
        try must("listen", startListening(descriptor))
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
        case .unix, .inherited: return wanted
        }
    }

    /// Lets clients connect to a bound socket (listen(2)).
    static func startListening(_ descriptor: Int32) -> Int32 { Glibc.listen(descriptor, backlog) }
}

extension ListenAddress {
    /// Binds a socket (bind(2)).
    func bind(_ descriptor: Int32) -> Int32 {
        var storage = sockaddr_storage()
        let length = fill(&storage)
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(descriptor, $0, length) }
        }
    }

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
            case .inherited: return 0
            }
        }
    }
}
