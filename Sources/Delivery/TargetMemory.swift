/// What is remembered of a target over a restart.
public struct TargetMemory: Sendable, Equatable {
    /// Whether its breaker is not closed: a probe goes out first.
    public var isBreakerOpen = false
    /// The word given by hand, where it says something else than the configuration: that the queue waits, or goes on.
    public var pausedByHand: Bool?

    /// Nothing worth remembering.
    public init() {}
}
