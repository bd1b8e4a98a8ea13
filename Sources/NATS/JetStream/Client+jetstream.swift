import EventJSON

/// What was answered to a question to JetStream: JSON.
public struct APIAnswer: Sendable {
    /// The whole answer.
    public var root: JSONValue

    /// An answer.
    public init(root: JSONValue) {
        self.root = root
    }

    /// The number at a path of keys; 0 if there is none.
    public func number(_ path: String...) -> UInt64 {
        var value: JSONValue? = root
        for key in path { value = value?[key: key] }
        guard case .number(let text)? = value?.content else { return 0 }
        return UInt64(text) ?? 0
    }
}

extension Client {
    /// The header with the number that a subject's last message must have for a message to be stored.
    public static let expectedLast = "Nats-Expected-Last-Subject-Sequence"

    /// Publishes a subject's first message and waits until it is stored. From any thread but the client's.
    /// - Returns: its number in the stream.
    /// - Throws: `NATSFault` that `isWrongLast` if the subject has a message already.
    public func publishFirst(_ subject: String, _ payload: [UInt8]) throws(NATSFault) -> UInt64 {
        try publish(subject, payload, after: 0)
    }

    /// Publishes a message if the subject's last one has this number (0 for none), and waits until it is stored. From any thread
    /// but the client's.
    /// - Returns: its number in the stream.
    /// - Throws: `NATSFault` that `isWrongLast` if the last one is another.
    public func publish(_ subject: String, _ payload: [UInt8], after last: UInt64) throws(NATSFault) -> UInt64 {
        let message = try call(
            subject, payload, headers: [(Client.expectedLast, String(last))],
            milliseconds: Client.requestMilliseconds)
        switch PublishAnswer(message) {
        case .stored(let sequence), .repeated(let sequence): return sequence
        case .refused(let fault): throw fault
        }
    }
}
