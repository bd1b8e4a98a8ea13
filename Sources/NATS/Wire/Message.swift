/// A message as a server delivers it: `MSG`, or `HMSG` where it has headers.
public struct Message: Sendable, Equatable {
    /// Where it was published. A message that was pulled bears the subject it has in its stream, not the inbox it came by.
    public var subject: String
    /// The subscription that it is for.
    public var subscription: UInt64
    /// Where an answer goes, or an acknowledgement.
    public var reply: String?
    /// The headers; `nil` if there are none.
    public var headers: HeaderBlock?
    /// The payload.
    public var payload: [UInt8]

    /// A message.
    public init(
        subject: String, subscription: UInt64, reply: String? = nil, headers: HeaderBlock? = nil, payload: [UInt8] = []
    ) {
        self.subject = subject
        self.subscription = subscription
        self.reply = reply
        self.headers = headers
        self.payload = payload
    }

    /// The status that stands in for a payload: 503 says that nobody listens (ADR-4), 404, 408 and 409 end a pull.
    public var status: Int? { headers?.status }
}
