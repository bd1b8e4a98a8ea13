import CPlatform
import CTLS
import Glibc

/// A socket to a server, with TLS around it or without. Belongs to the client's thread.
final class Channel {
    let descriptor: Int32
    private var tls: OpaquePointer?
    /// Whether the socket must take bytes before anything can be read.
    private(set) var wantsToWrite = false

    /// Begins to connect to one of a name's addresses; `nil` if there is no socket, or it fails at once.
    init?(to address: ResolvedAddress) {
        descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue) | Channel.flags, 0)
        guard descriptor >= 0 else { return nil }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        let result = address.bytes.withUnsafeBytes {
            connect(
                descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(address.bytes.count))
        }
        guard result == 0 || errno == EINPROGRESS else {
            close(descriptor)
            return nil
        }
    }

    deinit {
        if let tls { SSL_free(tls) }
        close(descriptor)
    }

    /// SOCK_NONBLOCK and SOCK_CLOEXEC, which Glibc's module has as another type.
    private static let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

    /// Whether the connection that was begun stands: 0, or the errno that ended it.
    var connectFault: Int32 {
        var fault: Int32 = 0
        var length = socklen_t(4)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &fault, &length)
        return fault
    }

    /// Goes on by TLS. False without memory.
    func secure(by context: ClientTLS, to host: String) -> Bool {
        tls = context.session(on: descriptor, to: host)
        return tls != nil
    }

    var isSecure: Bool { tls != nil }

    /// Why the server's certificate is not believed; `nil` if it is, or there is none.
    var certificateFault: String? { tls.flatMap { hs_tls_verify_fault($0) }.map { String(cString: $0) } }

    /// Reads what is there: bytes, 0 at the end however it came about, `nil` if there is nothing now.
    func read(into room: UnsafeMutableRawBufferPointer) -> Int? {
        guard let tls else {
            let count = recv(descriptor, room.baseAddress, room.count, 0)
            if count >= 0 { return count }
            return errno == EAGAIN || errno == EINTR ? nil : 0
        }
        wantsToWrite = false
        let outcome = hs_tls_read(tls, room.baseAddress, room.count)
        if outcome == Int(HS_TLS_WANTS_WRITE.rawValue) { wantsToWrite = true }
        let isForLater = outcome == Int(HS_TLS_WANTS_READ.rawValue) || outcome == Int(HS_TLS_WANTS_WRITE.rawValue)
        return isForLater ? nil : max(0, outcome)
    }

    /// Writes what the socket takes: bytes, 0 if it takes none now, `nil` if the connection is broken.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let tls else {
            let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return count }
            return errno == EAGAIN || errno == EINTR ? 0 : nil
        }
        let outcome = hs_tls_write(tls, bytes.baseAddress, bytes.count)
        if outcome > 0 { return outcome }
        let isForLater = outcome == Int(HS_TLS_WANTS_READ.rawValue) || outcome == Int(HS_TLS_WANTS_WRITE.rawValue)
        return isForLater ? 0 : nil
    }
}

/// One of a name's addresses.
struct ResolvedAddress: Sendable {
    var family: Int32
    /// A `sockaddr` of that family.
    var bytes: [UInt8]

    /// A name's addresses (getaddrinfo(3)), or the reason why there are none. Blocks as long as the resolver does.
    static func all(of address: ServerAddress) -> Result<[ResolvedAddress], NATSFault> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(address.host, String(address.port), &hints, &list)
        guard status == 0 else {
            return .failure(NATSFault(.later, "\(address.host): \(String(cString: gai_strerror(status)))"))
        }
        defer { freeaddrinfo(list) }
        var found: [ResolvedAddress] = []
        var entry = list
        while let one = entry?.pointee {
            let bytes = UnsafeRawBufferPointer(start: one.ai_addr, count: Int(one.ai_addrlen))
            found.append(ResolvedAddress(family: one.ai_family, bytes: Array(bytes)))
            entry = one.ai_next
        }
        return .success(found)
    }
}
