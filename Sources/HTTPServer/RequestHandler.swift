/// Who answers requests. Each event loop has a handler of its own, made and called on that loop's thread alone.
public protocol RequestHandler: AnyObject {
    /// Judges a request by its head, before its body is read.
    func judge(_ head: RequestHead) -> HeadVerdict

    /// Takes a complete request. It must be answered by `EventLoop.answer(_:with:)`, now or later; its bytes stay where they are until then.
    func handle(_ request: Request, on exchange: Exchange)

    /// The loop has read all that was ready, and looks again at once, unless the round was calm: it brought nothing, or the last calm one
    /// was long ago. What was gathered may be committed now.
    func roundEnded(isCalm: Bool)
}

/// What follows from a request's head.
public enum HeadVerdict {
    /// The body may come, up to so many bytes.
    case readBody(limitBytes: Int)
    /// The request is answered now; the body isn't wanted.
    case refuse(Response)
}

/// One request awaiting its answer: a ticket for `EventLoop.answer(_:with:)`. An answer to a connection that has gone is dropped.
public struct Exchange: Hashable, Sendable {
    let slot: Int
    let generation: UInt32
}

/// An answer.
public struct Response: Sendable {
    /// A header that goes beside `content-length`, `content-type`, `date` and `connection`, which the server writes itself.
    public struct Header: Sendable {
        /// The name, in lower case.
        public var name: String
        /// The value; control characters are never written.
        public var value: String

        /// A header.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What most bodies are.
    public static let json = "application/json"

    /// The status code.
    public var status: Int
    /// What the body is; not written where there is no body.
    public var contentType: String
    /// Other headers.
    public var headers: [Header]
    /// The body.
    public var body: [UInt8]

    /// An answer.
    public init(status: Int, contentType: String = Response.json, headers: [Header] = [], body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }
}
