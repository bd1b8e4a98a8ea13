/// What is remembered of a target over a restart.
public struct TargetMemory: Sendable, Equatable {
    /// Whether its breaker is not closed: a probe goes out first.
    public var isBreakerOpen = false
    /// The word given by hand, where it says something else than the configuration: that the queue waits, or goes on.
    public var pausedByHand: Bool?

    /// Until when the target asked to be left alone, in milliseconds since 1970; 0 for not at all.
    public var heldUntil: Int64 = 0

    /// Nothing worth remembering.
    public init() {}
}
