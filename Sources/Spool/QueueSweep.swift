/// What was done to a whole queue: how many deliveries it was, and of which events.
public struct QueueSweep: Sendable, Equatable {
    /// How many deliveries.
    public var count = 0
    /// The first event; `nil` if there was none.
    public var first: EventNumber?
    /// The last event; `nil` if there was none.
    public var last: EventNumber?

    /// Nothing.
    public init() {}
}
