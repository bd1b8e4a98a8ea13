/// A request's methods that this server knows; any other is answered 501 (RFC 9110 §9.1), CONNECT too: this is no proxy.
public enum Method: UInt8, CaseIterable, Sendable {
    case get, head, post, put, delete, options, trace, patch, query

    /// As it stands in a request line.
    public var name: String { "\(self)".uppercased() }

    init?(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        func matches(_ name: StaticString) -> Bool {
            guard name.utf8CodeUnitCount == range.count else { return false }
            for i in 0..<range.count where bytes[range.lowerBound + i] != name.utf8Start[i] { return false }
            return true
        }
        if matches("POST") {
            self = .post
        } else if matches("GET") {
            self = .get
        } else if matches("HEAD") {
            self = .head
        } else if matches("PUT") {
            self = .put
        } else if matches("DELETE") {
            self = .delete
        } else if matches("OPTIONS") {
            self = .options
        } else if matches("PATCH") {
            self = .patch
        } else if matches("QUERY") {
            self = .query
        } else if matches("TRACE") {
            self = .trace
        } else {
            return nil
        }
    }
}

/// A request line and its headers: places in the connection's buffer, valid until the request is answered.
public struct RequestHead {
    /// One header's place.
    public struct Field {
        /// The name, as it came.
        public var name: Range<Int>
        /// The value, without white space around it.
        public var value: Range<Int>
    }

    /// The bytes that all ranges point into.
    public internal(set) var bytes: UnsafeRawBufferPointer
    /// The method.
    public internal(set) var method: Method
    /// The target's path, as it came (percent-encoded).
    public internal(set) var path: Range<Int>
    /// The query behind `?`, as it came; empty if there is none.
    public internal(set) var query: Range<Int>
    /// The headers in order.
    public internal(set) var fields: [Field]
    /// The peer's address.
    public internal(set) var peer: PeerAddress

    /// The text in a range; what is not UTF-8 becomes U+FFFD.
    public func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    /// Whether a range holds this name, whatever its case. `name` is in lower case.
    public func isNamed(_ range: Range<Int>, _ name: StaticString) -> Bool {
        RequestHead.isNamed(bytes, range, name)
    }

    @inline(__always)
    static func isNamed(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ name: StaticString) -> Bool {
        guard name.utf8CodeUnitCount == range.count else { return false }
        let wanted = name.utf8Start
        for i in 0..<range.count {
            var byte = bytes[range.lowerBound + i]
            if byte &- 0x41 < 26 { byte |= 0x20 }
            if byte != wanted[i] { return false }
        }
        return true
    }

    /// Whether a range holds this name, whatever its case. `name` is in lower case.
    public func isNamed(_ range: Range<Int>, _ name: String) -> Bool {
        guard name.utf8.count == range.count else { return false }
        return zip(bytes[range], name.utf8).allSatisfy { ($0 &- 0x41 < 26 ? $0 | 0x20 : $0) == $1 }
    }

    /// The value of the first header of this name (in lower case).
    public func value(of name: StaticString) -> Range<Int>? { values(of: name).first }

    /// The first header of this name (in lower case), and how many there are.
    public func values(of name: StaticString) -> (first: Range<Int>?, count: Int) {
        var first: Range<Int>?
        var count = 0
        for field in fields where isNamed(field.name, name) {
            if count == 0 { first = field.value }
            count += 1
        }
        return (first, count)
    }

    /// The places of a comma-separated value's elements (RFC 9110 §5.6.1).
    func list(_ range: Range<Int>) -> [Range<Int>] {
        range.split { bytes[$0] == 0x2C }.map {
            var element = $0
            while let first = element.first, bytes[first] == 0x20 || bytes[first] == 0x09 { element.removeFirst() }
            while let last = element.last, bytes[last] == 0x20 || bytes[last] == 0x09 { element.removeLast() }
            return element
        }
    }
}

/// A complete request. Its bytes stay where they are until it is answered.
public struct Request {
    /// Request line and headers.
    public internal(set) var head: RequestHead
    /// The body, chunks joined.
    public internal(set) var body: UnsafeRawBufferPointer
}
