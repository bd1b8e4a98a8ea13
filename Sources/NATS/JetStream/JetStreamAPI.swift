import EventJSON

/// JetStream's own requests: their subjects, what is asked, what is answered (ADR-1, ADR-31).
public enum JetStreamAPI {
    /// Creates a stream; of the same settings it may be there already.
    public static func createStream(_ name: String) -> String { "$JS.API.STREAM.CREATE.\(name)" }
    /// Changes a stream.
    public static func updateStream(_ name: String) -> String { "$JS.API.STREAM.UPDATE.\(name)" }
    /// Tells of a stream.
    public static func stream(_ name: String) -> String { "$JS.API.STREAM.INFO.\(name)" }
    /// Tells of the account: what it has stored, and its limits.
    public static let account = "$JS.API.INFO"
    /// Removes messages of a stream.
    public static func purge(_ name: String) -> String { "$JS.API.STREAM.PURGE.\(name)" }
    /// Removes one message of a stream.
    public static func deleteMessage(_ name: String) -> String { "$JS.API.STREAM.MSG.DELETE.\(name)" }
    /// Reads one message of a stream, from whichever broker has it.
    static func get(_ name: String) -> String { "$JS.API.DIRECT.GET.\(name)" }
    /// Creates a durable consumer, or changes it.
    public static func createConsumer(_ consumer: ConsumerSettings) -> String {
        "$JS.API.CONSUMER.DURABLE.CREATE.\(consumer.stream).\(consumer.name)"
    }
    /// Tells of a consumer.
    public static func consumer(_ name: String, of stream: String) -> String {
        "$JS.API.CONSUMER.INFO.\(stream).\(name)"
    }
    /// Lists a stream's consumers by name, some at a time.
    public static func consumers(of stream: String) -> String { "$JS.API.CONSUMER.NAMES.\(stream)" }
    /// Asks for messages.
    public static func next(_ name: String, of stream: String) -> String {
        "$JS.API.CONSUMER.MSG.NEXT.\(stream).\(name)"
    }

    /// A pull of so many messages, which ends after `expires`; meanwhile the server says that it is there.
    public static func pull(_ count: Int, expires: Int64, heartbeat: Int64) -> [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("batch", count)
            $0.member("expires", expires * 1_000_000)
            $0.member("idle_heartbeat", heartbeat * 1_000_000)
        }
        return writer.bytes
    }

    /// What was answered: the JSON.
    /// - Throws: `NATSFault` with what JetStream says is wrong.
    public static func answer(_ message: Message) throws(NATSFault) -> JSONValue {
        guard let root = try? JSONDocument(message.payload).root else {
            throw NATSFault(.later, "the brokers' answer is not understood")
        }
        if let error = root[key: "error"] {
            throw NATSFault(
                status: error[key: "code"]?.integer ?? 500, code: error[key: "err_code"]?.integer ?? 0,
                text: error[key: "description"]?.string ?? "refused without a reason")
        }
        return root
    }

    /// A message that was read from a stream: its number there, and itself.
    /// - Returns: `nil` if there is none.
    /// - Throws: `NATSFault` if the answer is another.
    static func message(_ answer: Message) throws(NATSFault) -> StoredMessage? {
        if answer.status == 404 { return nil }
        guard let text = answer.headers?["Nats-Sequence"], let sequence = UInt64(text) else {
            if let status = answer.status {
                throw NATSFault(.later, "the brokers answer \(status) \(answer.headers?.description ?? "")")
            }
            _ = try self.answer(answer)
            throw NATSFault(.later, "the brokers' answer is not understood")
        }
        var message = answer
        message.subject = answer.headers?["Nats-Subject"] ?? ""
        return (sequence, message)
    }
}
