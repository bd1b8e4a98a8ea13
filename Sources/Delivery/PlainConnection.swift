import CPlatform
import Glibc

/// A connection that libcurl made and the transfer loop speaks HTTP/1.1 on: one request after the other. Belongs to the
/// loop's thread.
final class PlainConnection {
    /// What became of a call.
    enum Outcome {
        /// It goes on when the socket is ready again.
        case waiting
        /// The request has come to its end.
        case ended(AttemptEnding)
        /// Nothing of the request could be written, for the endpoint had closed the connection: another may take it.
        case stale(TransferRequest)
    }

    let socket: Int32
    /// Where it waits for a request.
    let pool: PlainPool
    private let host: String
    /// When it was made, and when its last request ended, by the steady clock in milliseconds.
    let madeAt: Int64
    private(set) var usedAt: Int64
    private(set) var request: TransferRequest?
    /// Until when the request must have its answer, by the steady clock in milliseconds.
    private(set) var dueAt: Int64 = .max
    /// Whether the socket's readiness to write is waited for.
    private(set) var isBlocked = false
    private var reader = AnswerReader(keptBodyBytes: 0)
    private var head: [UInt8] = []
    private var sent = 0
    private var requests = 0
    /// Whether the epoll reports that it can be written to.
    var isWatchedForWriting = false
    /// How often the epoll had been asked when its last request ended.
    var endedInSurvey = 0

    init(_ socket: Int32, to host: String, of pool: PlainPool, now: Int64) {
        self.socket = socket
        self.host = host
        self.pool = pool
        madeAt = now
        usedAt = now
    }

    /// Whether another request may go out on it, for a while.
    var isReusable: Bool { reader.keepsConnection && !isBlocked && idleMilliseconds > 0 }

    /// For how long it may wait for a request, in milliseconds: less than the endpoint says that it lets it wait, so that a request
    /// does not cross with its end.
    private var idleMilliseconds: Int64 {
        guard let limit = reader.keepsForSeconds else { return PlainConnections.idleMilliseconds }
        return min((Int64(limit) - 1) * 1000, PlainConnections.longestIdleMilliseconds)
    }

    /// Whether it has waited too long for a request, or is too old for another one.
    func isTooOld(_ now: Int64) -> Bool {
        now - usedAt >= idleMilliseconds || now - madeAt > Int64(Transfer.connectionLifeSeconds) * 1000
    }

    /// Whether its end has come, or something that nobody has asked for. It is not to be used then: a request on it would come to
    /// nothing, and must not be sent a second time.
    var hasNews: Bool {
        var byte: UInt8 = 0
        while true {
            if recv(socket, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) >= 0 { return true }
            if errno != EINTR { return errno != EAGAIN }
        }
    }

    /// Sends a request, as far as the socket takes it.
    func start(_ request: TransferRequest, dueAt: Int64) -> Outcome {
        requests += 1
        self.request = request
        self.dueAt = dueAt
        reader = AnswerReader(keptBodyBytes: request.keptBodyBytes)
        sent = 0
        head.removeAll(keepingCapacity: true)
        request.writeHead(to: &head, host: host)
        return write()
    }

    /// Goes on sending.
    func write() -> Outcome {
        guard let request else { return .waiting }
        let wanted = head.count + request.body.count
        while sent < wanted {
            let count = head.withUnsafeBytes { head in
                request.body.withUnsafeBytes { body in
                    hs_send_both(socket, head.baseAddress, head.count, body.baseAddress, body.count, sent)
                }
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                isBlocked = true
                return .waiting
            } else if errno != EINTR {
                // There may be an answer in spite of it: it is read before the fault is told.
                isBlocked = false
                return sent == 0 ? cut(errno) : .waiting
            }
        }
        isBlocked = false
        return .waiting
    }

    /// Reads what has come.
    func read(_ buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        while request != nil {
            let count = recv(socket, buffer.baseAddress, buffer.count, 0)
            if count > 0 {
                switch reader.take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) {
                case .more where count == buffer.count: continue
                case .more: return .waiting
                case .whole: return .ended(.answered(reader.answer))
                case .broken(let reason): return .ended(.broken(reason: reason))
                }
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN { return .waiting }
            return cut(count == 0 ? 0 : errno)
        }
        return .waiting
    }

    /// Lets go of the request, whose end is known.
    func finish(now: Int64) {
        // What did not get all of the request would take the next one for the rest of it.
        if let request, sent < head.count + request.body.count { isBlocked = true }
        request = nil
        dueAt = .max
        usedAt = now
    }

    /// What is told of a request that has no answer in time.
    func timeout(_ milliseconds: Int64) -> AttemptEnding {
        let phase = isBlocked ? TransferFault.Phase.sending : reader.phase
        return .broken(reason: TransferFault.timeout(phase, "no end after \(milliseconds) milliseconds"))
    }

    /// The connection has ended, by an error or (0) as it should.
    private func cut(_ error: Int32) -> Outcome {
        guard let request else { return .waiting }
        // Whatever was sent may have been acted upon: that was the attempt (RFC 9110 §9.2.2).
        if requests > 1 && sent == 0 && !reader.hasBegun { return .stale(request) }
        if error != 0 { return .ended(.broken(reason: "connection reset: \(String(cString: strerror(error)))")) }
        switch reader.end() {
        case .whole: return .ended(.answered(reader.answer))
        case .broken(let reason): return .ended(.broken(reason: reason))
        case .more: return .waiting
        }
    }
}

extension TransferRequest {
    /// Writes request line and fields, as libcurl would.
    fileprivate func writeHead(to head: inout [UInt8], host: String) {
        head.reserveCapacity(256 + url.count + headers.bytes.count)
        head.append(contentsOf: method.utf8)
        head.append(UInt8(ascii: " "))
        let path = url[(plain?.base.count ?? 0)...]
        if path.isEmpty { head.append(UInt8(ascii: "/")) }
        head.append(contentsOf: path)
        head.append(" HTTP/1.1\r\n")
        if !headers.hasHost {
            head.append("Host: ")
            head.append(contentsOf: host.utf8)
            head.append("\r\n")
        }
        if !headers.hasAccept { head.append("Accept: */*\r\n") }
        headers.write(to: &head)
        head.append("Content-Length: ")
        head.append(contentsOf: String(body.count).utf8)
        head.append("\r\n\r\n")
    }
}

extension [UInt8] {
    /// Appends a text of the program's own, from where the compiler put it.
    fileprivate mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
