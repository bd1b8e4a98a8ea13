/// What the headers say of the request as a whole: where its body ends, and what becomes of the connection.
extension HeadParser {
    /// The headers that say how to read a request, found as they are read.
    struct Notable {
        var host = (first: 0..<0, count: 0)
        var contentLength = (first: 0..<0, count: 0)
        var transferEncoding = (first: 0..<0, count: 0)
        var expect = (first: 0..<0, count: 0)
        var connections = 0

        mutating func note(_ bytes: UnsafeRawBufferPointer, _ field: RequestHead.Field) {
            func count(_ occurrence: inout (first: Range<Int>, count: Int)) {
                if occurrence.count == 0 { occurrence.first = field.value }
                occurrence.count += 1
            }
            switch field.name.count {
            case 4: if RequestHead.isNamed(bytes, field.name, "host") { count(&host) }
            case 6: if RequestHead.isNamed(bytes, field.name, "expect") { count(&expect) }
            case 10: if RequestHead.isNamed(bytes, field.name, "connection") { connections += 1 }
            case 14: if RequestHead.isNamed(bytes, field.name, "content-length") { count(&contentLength) }
            case 17: if RequestHead.isNamed(bytes, field.name, "transfer-encoding") { count(&transferEncoding) }
            default: break
            }
        }
    }

    /// One Host, and a good one; a client of HTTP/1.0 may leave it out (RFC 9112 §3.2).
    func checkHost(_ head: RequestHead) throws(Refusal) {
        let hosts = notable.host
        guard hosts.count == 1 || (hosts.count == 0 && minorVersion == 0) else {
            throw .malformed(hosts.count == 0 ? "the Host header is missing" : "there is more than one Host header")
        }
        guard hosts.count == 0 || Authority.isValid(head.bytes, hosts.first) else {
            throw .malformed("the Host header is no host")
        }
    }

    /// How the body is told from what follows it (RFC 9112 §6.3), if there is no doubt about it.
    func framing(_ head: RequestHead) throws(Refusal) -> Framing {
        let lengths = notable.contentLength
        if notable.transferEncoding.count > 0 {
            guard lengths.count == 0 else {
                throw .malformed("Content-Length stands beside Transfer-Encoding")
            }
            // A client of 1.0 that frames a body by chunks does not know what it says (RFC 9112 §6.1).
            guard minorVersion > 0 else { throw .malformed("HTTP/1.0 has no transfer codings") }
            try checkCodings(head)
            return .chunked
        }
        guard lengths.count > 0 else { return .none }
        guard lengths.count == 1 else { throw .malformed("there is more than one Content-Length") }
        let digits = UnsafeRawBufferPointer(rebasing: head.bytes[lengths.first])
        guard !digits.isEmpty, digits.count <= 18, digits.allSatisfy(\.isDigit) else {
            throw .malformed("Content-Length is no number of bytes")
        }
        return .length(digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
    }

    /// `chunked`, once, last and alone: without it at the end nobody knows where the body ends (400), and another coding
    /// before it is not known here (501; RFC 9112 §6.1, §6.3).
    private func checkCodings(_ head: RequestHead) throws(Refusal) {
        let codings = notable.transferEncoding
        if codings.count == 1 && head.isNamed(codings.first, "chunked") { return }
        let all = head.fields.filter { head.isNamed($0.name, "transfer-encoding") }.flatMap { head.list($0.value) }
        guard let last = all.last, head.isNamed(last, "chunked") else {
            throw .malformed("the body's end can't be told: chunked is not the last transfer coding")
        }
        let others = all.dropLast()
        guard !others.isEmpty, others.allSatisfy({ !$0.isEmpty && !head.isNamed($0, "chunked") }) else {
            throw .malformed("chunked stands in Transfer-Encoding more than once, or beside nothing")
        }
        throw Refusal(501, "this transfer coding is not known here", hint: "send the body chunked, or with its length")
    }

    /// Whether the client wants to send another request: `close` outweighs `keep-alive`, wherever it stands (RFC 9112 §9.3).
    func keepsAlive(_ head: RequestHead) -> Bool {
        var closes = false
        var lasts = minorVersion >= 1
        for field in head.fields where notable.connections > 0 && head.isNamed(field.name, "connection") {
            for option in head.list(field.value) {
                if head.isNamed(option, "close") { closes = true }
                if head.isNamed(option, "keep-alive") { lasts = true }
            }
        }
        return lasts && !closes
    }

    /// Whether the client waits for `100 Continue`; it can't wait for anything else, and in HTTP/1.0 for nothing (RFC 9110 §10.1.1).
    func expectsContinue(_ head: RequestHead) throws(Refusal) -> Bool {
        guard notable.expect.count > 0, minorVersion >= 1 else { return false }
        guard notable.expect.count == 1, head.isNamed(notable.expect.first, "100-continue") else {
            throw Refusal(417, "this expectation can't be met", hint: "the only one known is 100-continue")
        }
        return true
    }
}
