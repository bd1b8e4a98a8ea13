import Glibc

/// A request's methods that this server knows; any other is answered 501 (RFC 9110 §9.1), CONNECT too: this is no proxy.
public enum Method: UInt8, CaseIterable, Sendable {
    case get, head, post, put, delete, options, trace, patch, query

    /// As it stands in a request line.
    public var name: String { "\(self)".uppercased() }

    init?(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        func matches(_ name: StaticString) -> Bool { RequestHead.isExactly(bytes, range, name) }
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

    /// Whether a range holds this text, in this case.
    @inline(__always)
    static func isExactly(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ text: StaticString) -> Bool {
        guard text.utf8CodeUnitCount == range.count else { return false }
        for i in 0..<range.count where bytes[range.lowerBound + i] != text.utf8Start[i] { return false }
        return true
    }

    @inline(__always)
    static func isNamed(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ name: StaticString) -> Bool {
        guard name.utf8CodeUnitCount == range.count else { return false }
        let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: range.count)
        var index = 0
        // Eight at a time differ in nothing but the letters' bit, or not at all; in the first case they are looked at one by one.
        while index + 8 <= range.count {
            let found = bytes.loadUnaligned(fromByteOffset: range.lowerBound + index, as: UInt64.self)
            let difference = found ^ wanted.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if difference != 0 {
                guard difference & ~0x2020_2020_2020_2020 == 0 else { return false }
                for place in index..<(index + 8) where small(bytes[range.lowerBound + place]) != wanted[place] {
                    return false
                }
            }
            index += 8
        }
        while index < range.count {
            if small(bytes[range.lowerBound + index]) != wanted[index] { return false }
            index += 1
        }
        return true
    }

    @inline(__always)
    private static func small(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// Whether a range holds this name, whatever its case. `name` is in lower case.
    public func isNamed(_ range: Range<Int>, _ name: String) -> Bool {
        guard name.utf8.count == range.count else { return false }
        return zip(bytes[range], name.utf8).allSatisfy { RequestHead.small($0) == $1 }
    }

    /// Whether the target's path is this one.
    public func hasPath(_ wanted: [UInt8]) -> Bool {
        guard wanted.count == path.count, let base = bytes.baseAddress else { return false }
        return wanted.withUnsafeBytes { memcmp($0.baseAddress ?? base, base + path.lowerBound, path.count) == 0 }
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
