import Spool

/// One HTTP request to be made.
struct TransferRequest: Sendable {
    /// The event it is for.
    var event: EventNumber
    /// The URL, rendered.
    var url: [UInt8]
    /// The method.
    var method: String
    /// Header lines as libcurl takes them (`name: value`), NUL-terminated, one after the other.
    var headerLines: [UInt8]
    /// How many lines there are.
    var headerCount: Int
    /// The body.
    var body: [UInt8]
    /// From connect to last byte, in milliseconds.
    var timeoutMilliseconds: Int64
    /// Where its end is reported, and who may cancel it.
    var owner: HTTPTransport
    /// As the record shows it.
    var place: String
}
