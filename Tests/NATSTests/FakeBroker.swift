import CPlatform
import Glibc

/// A broker that says what a test tells it to, byte by byte, on one connection at a time. Used by one test's thread.
final class FakeBroker {
    private static let pauseMicroseconds: UInt32 = 300

    let port: UInt16
    private let listener: Int32
    private var connection: Int32 = -1
    private var received: [UInt8] = []

    init() {
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(made, $0, length)
                _ = listen(made, 8)
                _ = getsockname(made, $0, &length)
            }
        }
        listener = made
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        hangUp()
        close(listener)
    }

    /// Waits for a client, for half a minute at the most.
    func accept() -> Bool {
        guard isReady(listener) else { return false }
        var peer = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        connection = hs_accept(listener, &peer, &length)
        var one: Int32 = 1
        setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        received = []
        return connection >= 0
    }

    func hangUp() {
        if connection >= 0 { close(connection) }
        connection = -1
    }

    /// Sends a text, torn at every byte.
    func say(_ text: String) {
        for byte in text.utf8 {
            var byte = byte
            send(connection, &byte, 1, Int32(MSG_NOSIGNAL))
        }
    }

    /// Sends a text in pieces that begin at these places, with a pause before each, so that the client reads them one by one.
    func say(_ text: String, tornAt places: [Int]) {
        let bytes = Array(text.utf8)
        for (start, end) in zip([0] + places, places + [bytes.count]) where start < end {
            bytes.withUnsafeBytes {
                _ = send(connection, $0.baseAddress! + start, end - start, Int32(MSG_NOSIGNAL))
            }
            usleep(FakeBroker.pauseMicroseconds)
        }
    }

    /// Waits until the client has said a text, and forgets all up to it. The rest of its line is answered with it.
    func hear(_ text: String) -> String? {
        let wanted = Array(text.utf8)
        while true {
            for start in received.indices where received[start...].starts(with: wanted) {
                let end = received[start...].firstIndex(of: 0x0A) ?? start + wanted.count - 1
                let line = String(decoding: received[start...end], as: UTF8.self)
                received.removeFirst(end + 1)
                return line
            }
            guard isReady(connection) else { return nil }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            received += buffer[..<count]
        }
    }

    private func isReady(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 30_000) == 1
    }
}
