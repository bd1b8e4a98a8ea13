import EventJSON

/// A durable pull consumer as it is wanted: each message acknowledged by itself, delivered again until it is.
public struct ConsumerSettings: Sendable, Equatable {
    /// Its name.
    public var name: String
    /// The stream that it reads.
    public var stream: String
    /// The subjects that it wants of the stream: one pattern.
    public var filter: String
    /// After how long a message without an acknowledgement is given to somebody again, in nanoseconds.
    public var ackWait: Int64
    /// How many messages may be without an acknowledgement; beyond it nothing new is handed out.
    public var maxAckPending: Int

    /// A consumer.
    public init(name: String, stream: String, filter: String, ackWait: Int64, maxAckPending: Int) {
        self.name = name
        self.stream = stream
        self.filter = filter
        self.ackWait = ackWait
        self.maxAckPending = maxAckPending
    }

    /// What is sent to create it, or to change it to this.
    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("stream_name", stream)
            $0.member("config") {
                $0.object {
                    $0.member("durable_name", name)
                    $0.member("deliver_policy", "all")
                    $0.member("ack_policy", "explicit")
                    $0.member("ack_wait", ackWait)
                    $0.member("max_deliver", -1)
                    $0.member("max_ack_pending", maxAckPending)
                    $0.member("filter_subject", filter)
                    $0.member("replay_policy", "instant")
                }
            }
        }
        return writer.bytes
    }
}
