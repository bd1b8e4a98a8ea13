import EventJSON

/// A stream as it is wanted: its messages in files, nothing old thrown away for something new unless it says so.
public struct StreamSettings: Sendable, Equatable {
    /// Its name: letters, digits, `-` and `_`.
    public var name: String
    /// What it takes: subjects, or patterns of them.
    public var subjects: [String]
    /// How many brokers keep each message.
    public var replicas: Int
    /// Where its messages are: `file`, unless it is there already and kept elsewhere.
    public var storage = "file"
    /// How long a message stays, in nanoseconds; 0 for ever.
    public var maxAge: Int64 = 0
    /// The most that it holds, in bytes; -1 for as much as the brokers have.
    public var maxBytes: Int = -1
    /// How many messages of one subject stay, the latest ones; -1 for all.
    public var maxPerSubject: Int = -1
    /// Whether it is a bucket of keys and values (ADR-8), as other clients know them.
    public var isBucket = false
    /// Whether the oldest messages go where there is no room for a new one; else nothing new is taken.
    public var discardsOld = false
    /// For how long the same `Nats-Msg-Id` is the same message, in nanoseconds.
    public var duplicateWindow: Int64 = 120_000_000_000

    /// A stream.
    public init(name: String, subjects: [String], replicas: Int) {
        self.name = name
        self.subjects = subjects
        self.replicas = replicas
    }

    /// What is sent to create or update it.
    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("name", name)
            $0.member("subjects", subjects)
            $0.member("retention", "limits")
            $0.member("storage", storage)
            // Of a stream that keeps the latest of each subject, the former ones are what goes.
            $0.member("discard", maxPerSubject > 0 || discardsOld ? "old" : "new")
            $0.member("num_replicas", replicas)
            $0.member("max_age", maxAge)
            $0.member("max_bytes", maxBytes)
            $0.member("max_msgs", -1)
            $0.member("max_consumers", -1)
            $0.member("max_msg_size", -1)
            $0.member("max_msgs_per_subject", maxPerSubject)
            $0.member("duplicate_window", maxAge > 0 ? min(duplicateWindow, maxAge) : duplicateWindow)
            $0.member("allow_direct", true)
            if isBucket {
                $0.member("allow_rollup_hdrs", true)
                $0.member("deny_delete", true)
            }
        }
        return writer.bytes
    }
}
