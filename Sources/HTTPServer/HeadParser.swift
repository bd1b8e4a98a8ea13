/// Reads request lines and headers, strictly (RFC 9112): one way to understand them, or a refusal. No I/O.
///
/// It is fed the connection's whole buffer each time more has come, and goes on at the line where it stood.
struct HeadParser {
    /// How a request's body is told from what follows it (RFC 9112 §6.3).
    enum Framing: Equatable {
        case none
        case length(Int)
        case chunked
    }

    /// A head read to its end.
    struct Parsed {
        var head: RequestHead
        var framing: Framing
        /// Whether the connection may take another request afterwards.
        var keepsAlive: Bool
        /// Whether the answer has to say so: a client of HTTP/1.0 takes it for closed else (RFC 9112 appendix C.2.2).
        var saysKeepAlive: Bool
        /// Whether the client waits for `100 Continue` before it sends the body.
        var expectsContinue: Bool
        /// `OPTIONS *`: it asks for nothing but a sign of life.
        var isForServer: Bool
        /// Where the body begins.
        var end: Int
    }

    private let limits: ServerLimits
    private var start = 0
    private var line = 0
    private var isFirstLine = true
    private var hasForgiven = false
    private var method = Method.get
    /// Of HTTP/1: 0 is 1.0, and all others are read as 1.1.
    private(set) var minorVersion: UInt8 = 1
    private var target = RequestTarget()
    private var fields: [RequestHead.Field] = []
    private(set) var notable = Notable()

    init(_ limits: ServerLimits) { self.limits = limits }

    /// Begins anew at a place in the buffer.
    mutating func reset(at offset: Int) {
        start = offset
        line = offset
        isFirstLine = true
        hasForgiven = false
        notable = Notable()
        fields.removeAll(keepingCapacity: true)
    }

    /// Reads on. `nil` until the head is whole.
    mutating func parse(_ bytes: UnsafeRawBufferPointer, peer: PeerAddress) throws(Refusal) -> Parsed? {
        while true {
            if isFirstLine { try checkFirstByte(bytes) }
            guard let feed = ByteSearch.first(0x0A, in: bytes, from: line) else {
                if isFirstLine { try checkRequestLine(length: bytes.count - start) }
                if bytes.count - start > limits.headerBytes { throw tooLong() }
                return nil
            }
            if isFirstLine { try checkRequestLine(length: feed - start) }
            if feed - start >= limits.headerBytes { throw tooLong() }
            guard feed > line, bytes[feed - 1] == 0x0D else {
                throw .malformed("a line ends with a bare line feed")
            }
            let content = line..<(feed - 1)
            line = feed + 1
            if isFirstLine {
                // One empty line before a request is forgiven (RFC 9112 §2.2); more would fill the buffer without end.
                if content.isEmpty && !hasForgiven {
                    hasForgiven = true
                    start = line
                    continue
                }
                try requestLine(bytes, content)
                isFirstLine = false
            } else if content.isEmpty {
                return try finish(bytes, peer: peer, end: line)
            } else {
                try field(bytes, content)
            }
        }
    }

    private func tooLong() -> Refusal {
        isFirstLine
            ? Refusal(414, "the request target is too long", hint: "a target has at most \(limits.targetBytes) bytes")
            : Refusal(431, "the headers are too long", hint: "headers have at most \(limits.headerBytes) bytes in all")
    }

    /// What speaks another protocol (TLS, say) need not send a line feed before it is refused.
    private func checkFirstByte(_ bytes: UnsafeRawBufferPointer) throws(Refusal) {
        guard line < bytes.count else { return }
        let first = bytes[line]
        guard first.isToken || first == 0x0D || first == 0x0A else {
            throw .malformed("a request begins with its method", "speak HTTP/1.1 without TLS here")
        }
    }

    /// A first line that can't become one is refused before it ends, and with the same words when it has ended.
    private func checkRequestLine(length: Int) throws(Refusal) {
        if length > limits.targetBytes + 64 { throw tooLong() }
    }

    private mutating func requestLine(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Refusal) {
        guard let space = ByteSearch.first(0x20, in: bytes, range), space > range.lowerBound else {
            throw .malformed("the request line has no method and target")
        }
        let rest = (space + 1)..<range.upperBound
        guard let second = ByteSearch.first(0x20, in: bytes, rest), second > rest.lowerBound else {
            throw .malformed("the request line has no target or no version")
        }
        let target = rest.lowerBound..<second
        try version(bytes, (second + 1)..<range.upperBound)
        guard let method = Method(bytes, range.lowerBound..<space) else {
            for index in range.lowerBound..<space where !bytes[index].isToken {
                throw .malformed("the method holds a character that none may have")
            }
            throw Refusal(501, "this method is not known here", hint: "webhooks are sent with POST")
        }
        self.method = method
        guard target.count <= limits.targetBytes else { throw tooLong() }
        self.target = try RequestTarget(bytes, target, method: method)
    }

    private mutating func version(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Refusal) {
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard text.count == 8, RequestHead.isExactly(text, 0..<5, "HTTP/"), text[5].isDigit, text[6] == 0x2E,
            text[7].isDigit
        else {
            throw .malformed("the request line does not end with a version such as HTTP/1.1")
        }
        guard text[5] == 0x31 else {
            throw Refusal(505, "this version of HTTP is not spoken here", hint: "use HTTP/1.1")
        }
        minorVersion = text[7] - 0x30
    }

    private mutating func field(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Refusal) {
        let field = try FieldLine.parse(bytes, range)
        guard fields.count < limits.headerCount else {
            throw Refusal(431, "there are too many headers", hint: "a request has at most \(limits.headerCount)")
        }
        fields.append(field)
        notable.note(bytes, field)
    }

    private func finish(_ bytes: UnsafeRawBufferPointer, peer: PeerAddress, end: Int) throws(Refusal) -> Parsed {
        let head = RequestHead(
            bytes: bytes, method: method, path: target.path, query: target.query, fields: fields, peer: peer)
        try checkHost(head)
        let framing = try framing(head)
        let keepsAlive = keepsAlive(head)
        return Parsed(
            head: head, framing: framing, keepsAlive: keepsAlive, saysKeepAlive: keepsAlive && minorVersion == 0,
            expectsContinue: try expectsContinue(head), isForServer: target.isServer, end: end)
    }
}
