import Spool

/// A target at one moment. What waits is the spool's to tell.
public struct TargetStatus: Sendable {
    /// Its name.
    public var name: String
    /// Its queue in the spool.
    public var queue: QueueID
    /// Attempts under way.
    public var inFlight = 0
    /// Attempts under way at once, at the most.
    public var concurrency = 0
    /// Its breaker.
    public var breaker = Breaker.State.closed
    /// How often the breaker has opened.
    public var breakerOpenings = 0
    /// Whether its queue waits by configuration or by hand.
    public var paused = false
    /// Until when the whole target waits because it asked for that, in milliseconds since 1970; past or 0 for not at all.
    public var heldUntil: Int64 = 0
    /// Attempts that delivered, since the start.
    public var succeeded = 0
    /// Attempts to be made again, since the start.
    public var retried = 0
    /// Deliveries given up, since the start.
    public var failed = 0
    /// Causes and durations.
    public var tally = TargetTally()
    /// The latest fault.
    public var lastError: String?

    /// For how long that still is, in seconds.
    public func heldSeconds(at now: Int64) -> Double { Double(max(0, heldUntil - now)) / 1000 }

    init(name: String, queue: QueueID) {
        self.name = name
        self.queue = queue
    }
}
