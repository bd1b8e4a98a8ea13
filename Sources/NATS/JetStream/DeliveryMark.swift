/// What a message's reply subject says of its delivery (ADR-15): `$JS.ACK.stream.consumer.delivered.stream seq.consumer
/// seq.time.pending`, from later servers with a domain and an account before the stream.
public struct DeliveryMark: Sendable, Equatable {
    /// The stream that it comes from.
    public var stream: String
    /// The consumer that handed it out.
    public var consumer: String
    /// How many times it was handed out, this time included.
    public var deliveries: Int
    /// Its number in the stream.
    public var sequence: UInt64

    /// The mark of a message that somebody else was handed.
    public init(stream: String, consumer: String, deliveries: Int, sequence: UInt64) {
        self.stream = stream
        self.consumer = consumer
        self.deliveries = deliveries
        self.sequence = sequence
    }

    /// A subject to say something of the message at, without what only its delivery knows.
    public var reply: String { "$JS.ACK.\(stream).\(consumer).\(deliveries).\(sequence).1.0.0" }

    /// Reads a reply subject; `nil` if it is none of a delivery.
    public init?(_ subject: String) {
        let words = subject.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count >= 9, words[0] == "$JS", words[1] == "ACK" else { return nil }
        let first = words.count == 9 ? 2 : 4
        guard words.count >= first + 7, let deliveries = Int(words[first + 2]), let sequence = UInt64(words[first + 3])
        else { return nil }
        stream = String(words[first])
        consumer = String(words[first + 1])
        self.deliveries = deliveries
        self.sequence = sequence
    }
}

/// What a consumer is told of a message.
public enum Acknowledgement: Sendable, Equatable {
    /// It is done.
    case done
    /// It is to be delivered again, not before so many milliseconds have passed.
    case again(afterMilliseconds: Int64)
    /// It is not to be delivered again.
    case term
    /// It is being worked on: the time until it is given to somebody else begins anew.
    case inProgress

    /// The payload to send to the message's reply subject.
    public var payload: [UInt8] {
        switch self {
        case .done: Array("+ACK".utf8)
        case .again(let wait) where wait <= 0: Array("-NAK".utf8)
        case .again(let wait): Array("-NAK {\"delay\": \(wait * 1_000_000)}".utf8)
        case .term: Array("+TERM".utf8)
        case .inProgress: Array("+WPI".utf8)
        }
    }
}
