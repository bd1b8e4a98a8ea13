import CPlatform
import Glibc

/// Listening sockets that the service manager has opened and passed on (sd_listen_fds(3)).
enum InheritedSockets {
    /// The first descriptor that is passed (SD_LISTEN_FDS_START).
    private static let first: Int32 = 3

    /// The descriptors of a name (`FileDescriptorName=`, else the name of the socket's unit).
    static func named(
        _ name: String, process: Int32 = getpid(),
        environment: (String) -> String? = { getenv($0).map { String(cString: $0) } }
    ) -> [Int32] {
        guard let pid = environment("LISTEN_PID"), Int32(pid) == process,
            let count = environment("LISTEN_FDS").flatMap({ Int32($0) }), (1...1024).contains(count)
        else { return [] }
        let names = (environment("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        return (0..<count).filter { Int($0) < names.count && names[Int($0)] == name }.map { first + $0 }
    }

    /// Whether a descriptor is a stream socket that listens.
    static func isListening(_ descriptor: Int32) -> Bool {
        option(descriptor, SO_ACCEPTCONN) == 1 && option(descriptor, SO_TYPE) == Int32(SOCK_STREAM.rawValue)
    }

    private static func option(_ descriptor: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
}
