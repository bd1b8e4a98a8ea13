import NATS

/// How the log stands on a JetStream cluster: `spool.jetstream` in `routes.json`.
public struct ClusterSettings: Sendable, Equatable {
    /// The brokers, and who the relay is to them.
    public var client: ClientSettings
    /// What streams and subjects are called: relays of the same name share everything.
    public var name = "hookswitch"
    /// How many brokers keep each event.
    public var replicas = 3
    /// After how long a delivery is given to another relay whose relay says nothing of it.
    public var ackWait: Duration = .seconds(30)
    /// How long an event stays in the stream.
    public var retain: Duration = .seconds(7 * 86400)
    /// The most that the stream may hold, in bytes.
    public var maxSizeBytes = 10_000_000_000
    /// For how long the sources' keys count, each exactly.
    public var dedupe: [Duration] = []
    /// For how long a signed request can be sent again, at the longest.
    public var signatures: Duration = .zero
    /// How long brokers may take to be there, in milliseconds: a cluster that starts chooses its leaders first.
    var patienceMilliseconds: Int64 = 20_000
    /// The longest body that the door takes, in bytes.
    public var bodyLimitBytes = 1 << 20
    /// Whether events are taken into the directory while the brokers can't be reached.
    public var isBuffered = false
    /// The directory of what stays here: records of attempts, quarantine, the lock.
    public var path: String

    /// How many targets can keep an order.
    public static let orderedTargets = Partition.slots
    /// What an event may be longer than its body, in bytes: headers that are passed on, names.
    static let attributesBytes = 64 << 10
    /// How many deliveries of a target may be under way or waiting for a retry, over all relays. Beyond it, the target's new
    /// events wait in the stream.
    static let unfinishedLimit = 100_000
    /// The longest window of the stream's own memory of keys: the brokers hold them in memory. Longer than what signatures of
    /// the usual tolerance of five minutes need.
    static let windowLimit: Duration = .seconds(660)
    /// The shortest: an event that is sent again because its answer got lost must be told by then.
    static let windowMinimum: Duration = .seconds(120)
    /// How long the bucket keeps a key at the least, so that a reload can lengthen a source's time.
    static let keysMinimum: Duration = .seconds(86_400)
    /// How long the brokers have to take an event, in milliseconds; then it is answered 503.
    static let commitMilliseconds: Int64 = 10_000
    /// When a message without an answer is sent again, in milliseconds. The stream tells it from a new one.
    static let resendMilliseconds: Int64 = 2_000
    /// How many events may wait for the brokers; what comes then is answered 503.
    static let waitingLimit = 32_768
    /// After how many seconds a sender may try again that was refused.
    static let retryAfterSeconds = 5

    /// For how long the stream itself tells a repetition.
    var window: Duration {
        let longest = max(dedupe.max() ?? .zero, signatures)
        return min(
            max(longest, ClusterSettings.windowMinimum), ClusterSettings.windowLimit)
    }

    /// For how long the bucket keeps a key.
    var keys: Duration { max(dedupe.max() ?? .zero, signatures, ClusterSettings.keysMinimum) }

    /// The defaults.
    public init(client: ClientSettings, path: String) {
        self.client = client
        self.path = path
    }
}
