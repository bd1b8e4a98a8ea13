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
        /// Whether the client waits for `100 Continue` before it sends the body.
        var expectsContinue: Bool
        /// Where the body begins.
        var end: Int
    }

    private let limits: ServerLimits
    private var start = 0
    private var line = 0
    private var isFirstLine = true
    private var hasForgiven = false
    private var method = Method.get
    private var minorVersion: UInt8 = 1
    private var path = 0..<0
    private var query = 0..<0
    private var targetForm = TargetForm.origin
    private var fields: [RequestHead.Field] = []
    private var notable = Notable()

    /// The headers that say how to read a request, found as they are read.
    private struct Notable {
        var host = (first: 0..<0, count: 0)
        var contentLength = (first: 0..<0, count: 0)
        var transferEncoding = (first: 0..<0, count: 0)
        var expect = (first: 0..<0, count: 0)
        var connections = 0
    }

    private enum TargetForm { case origin, absolute, asterisk }

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
            guard let feed = ByteSearch.first(0x0A, in: bytes, from: line) else {
                if isFirstLine { try checkPartialLine(bytes) }
                if bytes.count - start > limits.headerBytes { throw tooLong() }
                return nil
            }
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

    /// A first line that can't become one is refused before it ends.
    private func checkPartialLine(_ bytes: UnsafeRawBufferPointer) throws(Refusal) {
        if bytes.count - start > limits.targetBytes + 64 { throw tooLong() }
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
        try self.target(bytes, target)
    }

    private mutating func version(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Refusal) {
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard text.count == 8, text.starts(with: "HTTP/".utf8), text[5].isDigit, text[6] == 0x2E, text[7].isDigit else {
            throw .malformed("the request line does not end with a version such as HTTP/1.1")
        }
        guard text[5] == 0x31 else {
            throw Refusal(505, "this version of HTTP is not spoken here", hint: "use HTTP/1.1")
        }
        minorVersion = text[7] - 0x30
    }

    private mutating func target(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Refusal) {
        for index in range where bytes[index] <= 0x20 || bytes[index] >= 0x7F || bytes[index] == 0x23 {
            throw .malformed("the request target holds a character that must be percent-encoded")
        }
        var begin = range.lowerBound
        targetForm = .origin
        if bytes[begin] == 0x2A && range.count == 1 && method == .options {
            targetForm = .asterisk
        } else if bytes[begin] != 0x2F {
            guard let slashes = schemeEnd(bytes, range), method != .connect else {
                throw .malformed("the request target must begin with a slash")
            }
            targetForm = .absolute
            let authority = slashes..<range.upperBound
            begin = authority.first { bytes[$0] == 0x2F || bytes[$0] == 0x3F } ?? range.upperBound
            if begin == slashes { throw .malformed("the request target names no host") }
        }
        let question = ByteSearch.first(0x3F, in: bytes, begin..<range.upperBound)
        path = begin..<(question ?? range.upperBound)
        query = question.map { ($0 + 1)..<range.upperBound } ?? range.upperBound..<range.upperBound
    }

    /// Behind `http://` or `https://` (RFC 9112 §3.2.2).
    private func schemeEnd(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        for scheme in ["http://", "https://"] where range.count > scheme.utf8.count {
            let start = bytes[range.lowerBound..<(range.lowerBound + scheme.utf8.count)]
            if zip(start, scheme.utf8).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) {
                return range.lowerBound + scheme.utf8.count
            }
        }
        return nil
    }

    private mutating func field(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Refusal) {
        let first = bytes[range.lowerBound]
        if first == 0x20 || first == 0x09 { throw .malformed("a header is folded over two lines") }
        guard let colon = ByteSearch.first(0x3A, in: bytes, range), colon > range.lowerBound else {
            throw .malformed("a header has no name or no colon")
        }
        for index in range.lowerBound..<colon where !bytes[index].isToken {
            throw .malformed("a header's name holds a character that none may have")
        }
        var value = (colon + 1)..<range.upperBound
        while let byte = value.first.map({ bytes[$0] }), byte == 0x20 || byte == 0x09 { value = value.dropFirst() }
        while let byte = value.last.map({ bytes[$0] }), byte == 0x20 || byte == 0x09 { value = value.dropLast() }
        guard !HeadParser.hasControls(bytes, value) else {
            throw .malformed("a header's value holds a control character")
        }
        guard fields.count < limits.headerCount else {
            throw Refusal(431, "there are too many headers", hint: "a request has at most \(limits.headerCount)")
        }
        fields.append(RequestHead.Field(name: range.lowerBound..<colon, value: value))
        note(bytes, range.lowerBound..<colon, value)
    }

    /// Whether a value holds a control character other than a tab. Eight bytes at a time are found free of them.
    private static func hasControls(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = value.lowerBound
        while index < value.upperBound {
            if index + 8 <= value.upperBound {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let delete = word ^ (ones &* 0x7F)
                let found = (((word &- (ones &* 0x20)) & ~word) | ((delete &- ones) & ~delete)) & highs
                if found == 0 {
                    index += 8
                    continue
                }
            }
            let byte = bytes[index]
            if (byte < 0x20 && byte != 0x09) || byte == 0x7F { return true }
            index += 1
        }
        return false
    }

    private mutating func note(_ bytes: UnsafeRawBufferPointer, _ name: Range<Int>, _ value: Range<Int>) {
        func count(_ occurrence: inout (first: Range<Int>, count: Int)) {
            if occurrence.count == 0 { occurrence.first = value }
            occurrence.count += 1
        }
        switch name.count {
        case 4: if RequestHead.isNamed(bytes, name, "host") { count(&notable.host) }
        case 6: if RequestHead.isNamed(bytes, name, "expect") { count(&notable.expect) }
        case 10: if RequestHead.isNamed(bytes, name, "connection") { notable.connections += 1 }
        case 14: if RequestHead.isNamed(bytes, name, "content-length") { count(&notable.contentLength) }
        case 17: if RequestHead.isNamed(bytes, name, "transfer-encoding") { count(&notable.transferEncoding) }
        default: break
        }
    }

    private func finish(_ bytes: UnsafeRawBufferPointer, peer: PeerAddress, end: Int) throws(Refusal) -> Parsed {
        let head = RequestHead(
            bytes: bytes, method: method, path: path, query: query, fields: fields, peer: peer)
        try checkHost(head)
        let framing = try framing(head)
        // `close` outweighs `keep-alive`, wherever it stands (RFC 9112 §9.3).
        var closes = false
        var lasts = minorVersion >= 1
        for field in fields where notable.connections > 0 && head.isNamed(field.name, "connection") {
            for option in head.list(field.value) {
                if head.isNamed(option, "close") { closes = true }
                if head.isNamed(option, "keep-alive") { lasts = true }
            }
        }
        // A 1.0 client that frames a body by chunks does not know what it says (RFC 9112 §6.1).
        if minorVersion == 0 && framing == .chunked { throw .malformed("HTTP/1.0 has no chunked bodies") }
        var expectsContinue = false
        if notable.expect.count > 0, minorVersion >= 1 {
            guard head.isNamed(notable.expect.first, "100-continue") else {
                throw Refusal(417, "this expectation can't be met", hint: "the only one known is 100-continue")
            }
            expectsContinue = true
        }
        return Parsed(
            head: head, framing: framing, keepsAlive: lasts && !closes, expectsContinue: expectsContinue, end: end)
    }

    private func checkHost(_ head: RequestHead) throws(Refusal) {
        let hosts = notable.host
        guard hosts.count == 1 || (hosts.count == 0 && minorVersion == 0) else {
            throw .malformed(hosts.count == 0 ? "the Host header is missing" : "there is more than one Host header")
        }
        for index in hosts.first where !head.bytes[index].isHost {
            throw .malformed("the Host header is no host")
        }
    }

    private func framing(_ head: RequestHead) throws(Refusal) -> Framing {
        let codings = notable.transferEncoding
        let lengths = notable.contentLength
        if codings.count > 0 {
            guard lengths.count == 0 else {
                throw .malformed("Content-Length stands beside Transfer-Encoding")
            }
            guard codings.count == 1, head.isNamed(codings.first, "chunked") else {
                throw Refusal(
                    501, "this transfer coding is not known here", hint: "send the body chunked, or with its length")
            }
            return .chunked
        }
        guard lengths.count > 0 else { return .none }
        let length = lengths.first
        guard lengths.count == 1 else { throw .malformed("there is more than one Content-Length") }
        let digits = UnsafeRawBufferPointer(rebasing: head.bytes[length])
        guard !digits.isEmpty, digits.count <= 18, digits.allSatisfy(\.isDigit) else {
            throw .malformed("Content-Length is no number of bytes")
        }
        return .length(digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
    }
}

extension UInt8 {
    @inline(__always) var isDigit: Bool { self &- 0x30 < 10 }

    /// Whether a host and its port may hold this character (RFC 3986 §3.2.2).
    @inline(__always) var isHost: Bool {
        switch self {
        case 0x30...0x3B, 0x41...0x5B, 0x61...0x7A, 0x7E, 0x21, 0x24...0x2E, 0x3D, 0x5D, 0x5F: true
        default: false
        }
    }

    /// Whether a name may hold this character (`tchar`, RFC 9110 §5.6.2).
    @inline(__always) var isToken: Bool {
        self < 0x80
            && (self < 0x40 ? UInt8.lowTokens >> UInt64(self) : UInt8.highTokens >> UInt64(self & 0x3F)) & 1 != 0
    }

    /// A bit for each of the characters 0x00 to 0x3F that is a `tchar`: ! # $ % & ' * + - . and the digits.
    private static let lowTokens: UInt64 = 0x03FF_6CFA_0000_0000
    /// The same for 0x40 to 0x7F: the letters, ^ _ ` | and ~.
    private static let highTokens: UInt64 = 0x57FF_FFFF_C7FF_FFFE
}
