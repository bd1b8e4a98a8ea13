import CPlatform
import Foundation
import Synchronization

/// An HTTP server that plays a downstream endpoint: it keeps every request, and answers as the test says.
final class Receiver: Sendable {
    /// A request as it came.
    struct Request: Sendable {
        var path: String
        var headers: [String: String]
        var body: [UInt8]
    }

    /// What it does with a request.
    enum Reaction: Sendable {
        case answer(Int, body: [UInt8] = Array("ok".utf8))
        /// 429, and for how long it wants to be left alone.
        case held(seconds: Int)
        /// Bytes that are no HTTP.
        case garbage
        /// A reset instead of an answer.
        case reset
        /// Nothing, until the client gives up.
        case hang
    }

    let port: UInt16
    private let descriptor: Int32
    private let received = Mutex<(all: [Request], counts: [String: Int])>(([], [:]))
    private let keepsRequests: Bool
    private let opened = Mutex(0)
    private let react: @Sendable (Request, Int) -> Reaction

    /// A server that is told for each request how many came to its path before. Where very many come they need not be kept.
    init(
        keepingRequests: Bool = true,
        _ react: @escaping @Sendable (_ request: Request, _ earlier: Int) -> Reaction = { _, _ in .answer(200) }
    ) {
        keepsRequests = keepingRequests
        (descriptor, port) = Loopback.listen()
        self.react = react
        let listener = descriptor
        Thread.detachNewThread { [weak self] in
            while true {
                var from = sockaddr_storage()
                var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
                let connection = hs_accept(listener, &from, &length)
                guard connection >= 0 else { return }
                Loopback.limit(connection)
                self?.opened.withLock { $0 += 1 }
                Thread.detachNewThread { [weak self] in
                    var reader = SocketReader(connection)
                    while let self, self.serve(&reader) {}
                    close(connection)
                }
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// How many connections were made to it.
    var connections: Int { opened.withLock { $0 } }

    /// What has come to a path.
    func requests(_ path: String) -> [Request] { received.withLock { $0.all.filter { $0.path == path } } }

    /// All that has come.
    var requests: [Request] { received.withLock { $0.all } }

    /// The bodies that have come to a path.
    func bodies(_ path: String) -> [[UInt8]] { requests(path).map(\.body) }

    private func serve(_ reader: inout SocketReader) -> Bool {
        guard let first = reader.line(), first.contains(" ") else { return false }
        var headers: [String: String] = [:]
        while let line = reader.line(), !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        // What a kill cut off was never received.
        guard let body = reader.bytes(Int(headers["content-length"] ?? "0") ?? 0) else { return false }
        let request = Request(path: String(first.split(separator: " ")[1]), headers: headers, body: body)
        let earlier = received.withLock { all in
            if keepsRequests { all.all.append(request) }
            defer { all.counts[request.path, default: 0] += 1 }
            return all.counts[request.path] ?? 0
        }
        switch react(request, earlier) {
        case .answer(let status, let body):
            let head = "HTTP/1.1 \(status) X\r\ncontent-length: \(body.count)\r\n\r\n"
            return Loopback.send(Array(head.utf8) + body, on: reader.descriptor)
        case .held(let seconds):
            let head = "HTTP/1.1 429 X\r\nretry-after: \(seconds)\r\ncontent-length: 0\r\n\r\n"
            return Loopback.send(Array(head.utf8), on: reader.descriptor)
        case .garbage:
            _ = Loopback.send(Array("\u{0}\u{1} no http\r\n\r\n".utf8), on: reader.descriptor)
            return false
        case .reset:
            var lingering = linger(l_onoff: 1, l_linger: 0)
            setsockopt(reader.descriptor, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
            return false
        case .hang:
            _ = reader.line()
            return false
        }
    }
}
