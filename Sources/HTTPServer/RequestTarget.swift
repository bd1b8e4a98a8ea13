/// What a request asks for, in one of the forms of RFC 9112 §3.2: places in the connection's buffer. No I/O.
///
/// The authority-form is CONNECT's alone, which is not known here.
struct RequestTarget {
    /// The path, as it came (percent-encoded).
    private(set) var path = 0..<0
    /// The query behind `?`, as it came; empty if there is none.
    private(set) var query = 0..<0
    /// `OPTIONS *`: the server as a whole is meant (RFC 9112 §3.2.4).
    private(set) var isServer = false

    init() {}

    /// Reads a target.
    /// - Throws: 400 for one that has none of the forms, or a character that must be percent-encoded.
    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, method: Method) throws(Refusal) {
        for index in range where bytes[index] <= 0x20 || bytes[index] >= 0x7F || bytes[index] == 0x23 {
            throw .malformed("the request target holds a character that must be percent-encoded")
        }
        var begin = range.lowerBound
        if bytes[begin] == 0x2A && range.count == 1 && method == .options {
            isServer = true
        } else if bytes[begin] != 0x2F {
            guard let authority = RequestTarget.schemeEnd(bytes, range) else {
                throw .malformed("the request target must begin with a slash")
            }
            begin = (authority..<range.upperBound).first { bytes[$0] == 0x2F || bytes[$0] == 0x3F } ?? range.upperBound
            // The authority outweighs the Host header (RFC 9112 §3.2.2), and so is held to the same.
            guard Authority.isValid(bytes, authority..<begin) else {
                throw .malformed("the request target names no host")
            }
        }
        let question = ByteSearch.first(0x3F, in: bytes, begin..<range.upperBound)
        path = begin..<(question ?? range.upperBound)
        query = question.map { ($0 + 1)..<range.upperBound } ?? range.upperBound..<range.upperBound
    }

    /// Behind `http://` or `https://` (RFC 9112 §3.2.2).
    private static func schemeEnd(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        for scheme in ["http://", "https://"] where range.count > scheme.utf8.count {
            let start = bytes[range.lowerBound..<(range.lowerBound + scheme.utf8.count)]
            // Lower case by its bit: what that makes of the other three characters is none of them.
            if zip(start, scheme.utf8).allSatisfy({ ($0 &- 0x41 < 26 ? $0 | 0x20 : $0) == $1 }) {
                return range.lowerBound + scheme.utf8.count
            }
        }
        return nil
    }
}
