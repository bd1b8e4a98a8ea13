/// A request's methods that this server knows; any other is answered 501 (RFC 9110 §9.1).
public enum Method: UInt8, Sendable {
    case get, head, post, put, delete, connect, options, trace, patch
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
}

/// A complete request. Its bytes stay where they are until it is answered.
public struct Request {
    /// Request line and headers.
    public internal(set) var head: RequestHead
    /// The body, chunks joined.
    public internal(set) var body: UnsafeRawBufferPointer
}

/// Where a connection comes from.
public enum PeerAddress: Hashable, Sendable {
    /// An IPv4 address, its bytes from the left.
    case v4(UInt32)
    /// An IPv6 address, its two halves from the left. IPv4-mapped ones are `v4`.
    case v6(UInt64, UInt64)
    /// A Unix socket.
    case local
}
