import Foundation
import Glibc
import Synchronization

/// A small HTTP server on 127.0.0.1, each connection on a thread of its own, that answers as a test says.
final class HTTPEndpoint: Sendable {
    /// A request as it came.
    struct Request: Sendable {
        /// `POST /hooks HTTP/1.1`.
        var line: String
        /// The fields in their order, names in lower case.
        var fields: [(name: String, value: String)]
        var body: [UInt8]

        /// All values of a field.
        func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
        /// The value of a field that is there once.
        subscript(_ name: String) -> String? { values(name).count == 1 ? values(name)[0] : nil }
    }

    /// What the server does with a request.
    enum Reaction: Sendable {
        /// A proper answer; the connection goes on.
        case answer(Int, fields: [String] = [], body: String = "")
        /// These bytes, whatever they are; then the connection is closed.
        case raw(String)
        /// A 200 with a body of so many bytes, as fast as they are taken.
        case flood(Int)
        /// These bytes, and then nothing until the client goes.
        case stall(String)
        /// Nothing, until the client goes.
        case hang
        /// These bytes, and then the connection is reset.
        case cut(String)
        /// The connection is reset.
        case reset
    }

    private struct State {
        var requests: [Request] = []
        var connections: Set<Int32> = []
        var accepted = 0
        var flooded = 0
        var isClosed = false
    }

    let port: UInt16
    private let listener: Int32
    private let state = Mutex(State())
    private let react: @Sendable (Request, Int) -> Reaction

    /// Listens on a free port. `react` is given each request and how many came before; it may block.
    init(_ react: @escaping @Sendable (Request, Int) -> Reaction) {
        self.react = react
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        precondition(HTTPEndpoint.listen(listener, &address))
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in accept() }
    }

    /// Listens on a socket of the file system.
    init(socketPath: String, _ react: @escaping @Sendable (Request, Int) -> Reaction) {
        self.react = react
        port = 0
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socketPath.utf8)) }
        precondition(HTTPEndpoint.listen(listener, &address))
        Thread.detachNewThread { [self] in accept() }
    }

    private static func listen<Address>(_ listener: Int32, _ address: inout Address) -> Bool {
        var length = socklen_t(MemoryLayout<Address>.size)
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && Glibc.listen(listener, 128) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
    }

    /// Requests so far.
    var requests: [Request] { state.withLock { $0.requests } }
    /// Connections so far.
    var connections: Int { state.withLock { $0.accepted } }
    /// Bytes of floods that clients took, as far as the server's socket knows.
    var flooded: Int { state.withLock { $0.flooded } }
    /// Its address.
    func url(_ path: String = "/hooks") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Ends all threads and connections.
    func close() {
        state.withLock { state in
            guard !state.isClosed else { return }
            state.isClosed = true
            shutdown(listener, Int32(SHUT_RDWR))
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            guard connection >= 0 else { break }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            let goesOn = state.withLock { state in
                state.accepted += 1
                if !state.isClosed { state.connections.insert(connection) }
                return !state.isClosed
            }
            guard goesOn else {
                Glibc.close(connection)
                break
            }
            Thread.detachNewThread { [self] in
                serve(connection)
                state.withLock { _ = $0.connections.remove(connection) }
                Glibc.close(connection)
            }
        }
        Glibc.close(listener)
    }

    private func serve(_ connection: Int32) {
        var unread: [UInt8] = []
        while let request = HTTPEndpoint.read(connection, &unread) {
            let before = state.withLock { state in
                state.requests.append(request)
                return state.requests.count - 1
            }
            switch react(request, before) {
            case .answer(let status, let fields, let body):
                let lines = ["HTTP/1.1 \(status) X", "content-length: \(body.utf8.count)"] + fields
                guard send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body, connection) else { return }
            case .raw(let text):
                _ = send(text, connection)
                return
            case .flood(let count):
                flood(count, connection)
                return
            case .stall(let text):
                _ = send(text, connection)
                var byte: UInt8 = 0
                while recv(connection, &byte, 1, 0) > 0 {}
                return
            case .cut(let text):
                _ = send(text, connection)
                // What was sent must arrive before the reset overtakes it.
                var unsent: Int32 = 1
                while unsent > 0 { guard ioctl(connection, UInt(TIOCOUTQ), &unsent) == 0 else { break } }
                reset(connection)
                return
            case .hang:
                var byte: UInt8 = 0
                while recv(connection, &byte, 1, 0) > 0 {}
                return
            case .reset:
                reset(connection)
                return
            }
        }
    }

    private func reset(_ connection: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    private func flood(_ count: Int, _ connection: Int32) {
        guard send("HTTP/1.1 200 OK\r\ncontent-length: \(count)\r\n\r\nbegin", connection) else { return }
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 65536)
        var left = count - 5
        while left > 0 {
            let sent = Glibc.send(connection, piece, min(left, piece.count), Int32(MSG_NOSIGNAL))
            guard sent > 0 else { return }
            left -= sent
            state.withLock { $0.flooded += sent }
        }
    }

    private func send(_ text: String, _ connection: Int32) -> Bool {
        let bytes = Array(text.utf8)
        return Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    private static func read(_ connection: Int32, _ unread: inout [UInt8]) -> Request? {
        func more() -> Bool {
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = recv(connection, &buffer, buffer.count, 0)
            if count > 0 { unread += buffer[..<count] }
            return count > 0
        }
        let blank = Array("\r\n\r\n".utf8)
        while unread.firstRange(of: blank) == nil { guard more() else { return nil } }
        guard let end = unread.firstRange(of: blank) else { return nil }
        let lines = String(decoding: unread[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: parts[0].lowercased(), value: parts[1].trimmingCharacters(in: .whitespaces))
        }
        let length = fields.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
        while unread.count < end.upperBound + length { guard more() else { return nil } }
        let body = Array(unread[end.upperBound..<(end.upperBound + length)])
        unread.removeFirst(end.upperBound + length)
        return Request(line: lines[0], fields: fields, body: body)
    }
}
