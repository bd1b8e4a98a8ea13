import Glibc
import Testing

@testable import HTTPServer

/// An answer as a client reads it.
struct Answer: Equatable {
    var status: Int
    var headers: [String: String]
    var body: String
}

/// What a client did not expect of its server.
struct Unexpected: Error {
    var what: String

    init(_ what: String) { self.what = what }
}

/// A client with a plain socket: it sends what a test says, byte for byte.
final class Client {
    /// It lasts as long as its clients.
    private let server: ServerUnderTest?
    private let descriptor: Int32
    private var received: [UInt8] = []

    convenience init(_ server: ServerUnderTest, receiveBufferBytes: Int32? = nil) throws {
        try self.init(at: server.address, of: server, receiveBufferBytes: receiveBufferBytes)
    }

    init(at address: ListenAddress, of server: ServerUnderTest? = nil, receiveBufferBytes: Int32? = nil) throws {
        self.server = server
        var storage = sockaddr_storage()
        let length = address.fill(&storage)
        descriptor = socket(Int32(storage.ss_family), Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        if var bytes = receiveBufferBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        guard result == 0 else { throw Unexpected("connect: \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Unexpected("send: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends a request with a body, or without one for `nil`.
    func send(_ method: String, _ path: String, _ body: String? = nil, headers: String...) throws {
        let length = body.map { ["Content-Length: \($0.utf8.count)"] } ?? []
        let lines = ["\(method) \(path) HTTP/1.1", "Host: relay"] + headers + length
        try send(lines.map { $0 + "\r\n" }.joined() + "\r\n" + (body ?? ""))
    }

    /// Closes the sending side.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Breaks the connection off: the server meets a reset.
    func breakOff() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        // The number stays taken until `deinit`, so that no other socket gets it.
        let other = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        dup2(other, descriptor)
        close(other)
    }

    /// Reads one answer. One to HEAD has no body, whatever its length says.
    func answer(toHead: Bool = false) throws -> Answer {
        var end: Int?
        while end == nil {
            end = received.firstRange(of: Array("\r\n\r\n".utf8))?.lowerBound
            if end == nil { guard try receive() else { throw Unexpected("the connection ended before an answer") } }
        }
        let text = String(decoding: received[..<end!], as: UTF8.self)
        var lines = text.split(separator: "\r\n")
        let first = lines.removeFirst()
        try #require(first.hasPrefix("HTTP/1.1 "))
        let status = try #require(Int(first.dropFirst(9).prefix(3)))
        var headers: [String: String] = [:]
        for line in lines {
            let halves = line.split(separator: ": ", maxSplits: 1, omittingEmptySubsequences: false)
            headers[String(halves[0])] = halves.count > 1 ? String(halves[1]) : ""
        }
        received.removeFirst(end! + 4)
        let length = toHead ? 0 : Int(headers["content-length"] ?? "0") ?? 0
        while received.count < length {
            guard try receive() else { throw Unexpected("the connection ended within an answer") }
        }
        let body = String(decoding: received[..<length], as: UTF8.self)
        received.removeFirst(length)
        return Answer(status: status, headers: headers, body: body)
    }

    /// Waits for the connection's end. False if anything more comes first.
    func ends() throws -> Bool { try received.isEmpty && !receive() }

    /// Reads what is there. False at the end, however it came about.
    private func receive() throws -> Bool {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = piece.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        if count < 0 && errno != ECONNRESET {
            throw Unexpected("the server neither answers nor ends the connection")
        }
        received += piece.prefix(max(0, count))
        return count > 0
    }
}
