import Glibc

/// Where a server listens: `host:port`, `[v6]:port`, `unix:/path`, or `fd:NAME`.
public enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 address and a port.
    case v4(UInt32, port: UInt16)
    /// An IPv6 address in two halves, and a port.
    case v6(UInt64, UInt64, port: UInt16)
    /// A socket in the file system.
    case unix(path: String, mode: UInt32)
    /// A listening socket that the service manager passed under this name.
    case inherited(name: String)

    /// Reads an address. `nil` if it is none; `localhost` is 127.0.0.1, and any other name is none.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // sun_path has 108 bytes, one of them for the end (unix(7)).
            guard path.hasPrefix("/"), path.utf8.count < 108 else { return nil }
            self = .unix(path: path, mode: 0o660)
            return
        }
        if text.hasPrefix("fd:") {
            let name = String(text.dropFirst(3))
            // What systemd takes for a name (sd_listen_fds_with_names(3)).
            guard !name.isEmpty, name.utf8.count < 256, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3A })
            else { return nil }
            self = .inherited(name: name)
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        // `UInt16` would take a sign too.
        guard digits.utf8.allSatisfy(\.isDigit), let port = UInt16(digits) else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            var address = in6_addr()
            guard inet_pton(AF_INET6, host, &address) == 1 else { return nil }
            let halves = withUnsafeBytes(of: &address) {
                (
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            self = .v6(halves.0, halves.1, port: port)
            return
        }
        if host == "localhost" { host = "127.0.0.1" }
        var address = in_addr()
        guard inet_pton(AF_INET, host, &address) == 1 else { return nil }
        self = .v4(UInt32(bigEndian: address.s_addr), port: port)
    }

    /// Whether only this machine can reach it.
    public var isLocal: Bool {
        switch self {
        case .v4(let address, _): address >> 24 == 127
        case .v6(let high, let low, _): high == 0 && low == 1
        case .unix: true
        // Who can reach it is the service manager's to say.
        case .inherited: false
        }
    }

    /// The port, if it has one.
    public var port: UInt16? {
        switch self {
        case .v4(_, let port), .v6(_, _, let port): port
        case .unix, .inherited: nil
        }
    }

    /// The address as people write it.
    public var description: String {
        switch self {
        case .v4(let address, let port): "\(PeerAddress.v4(address)):\(port)"
        case .v6(let high, let low, let port): "[\(PeerAddress.v6(high, low))]:\(port)"
        case .unix(let path, _): "unix:\(path)"
        case .inherited(let name): "fd:\(name)"
        }
    }
}

/// Why a server could not listen.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    /// Where.
    public var address: ListenAddress
    /// The system call that failed.
    public var call: String
    /// Its `errno`.
    public var errno: Int32

    /// Whether the disk has no room for a Unix socket's name.
    public var isForWantOfRoom: Bool { errno == ENOSPC || errno == EDQUOT }

    /// The reason, and what to do.
    public var description: String {
        if call == "LISTEN_FDS" {
            return
                "cannot listen on \(address): no listening socket of this name was passed; see FileDescriptorName= in systemd.socket(5)"
        }
        let reason = String(cString: strerror(errno))
        let advice =
            switch errno {
            case EADDRINUSE: "; another program listens there: stop it, or choose another address"
            case EEXIST: "; what stands there is no socket, and is left alone: choose another path"
            case EACCES: "; this user may not: choose a port above 1023, or a directory of its own"
            default: ""
            }
        return "cannot listen on \(address): \(call): \(reason)\(advice)"
    }
}
