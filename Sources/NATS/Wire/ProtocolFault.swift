/// What a server sent that is not the NATS protocol, or more of it than fits: the connection is of no use any more.
public enum ProtocolFault: Error, Hashable, Sendable {
    /// A control line longer than `ProtocolReader.lineLimitBytes`.
    case lineTooLong
    /// A line that begins with none of the protocol's words, or whose words don't fit.
    case notUnderstood(String)
    /// A message whose payload is longer than is taken.
    case messageTooLong(Int)
    /// A message's payload is not followed by the end of a line.
    case unterminatedPayload
    /// A header block that is none (ADR-4).
    case badHeaders
}
