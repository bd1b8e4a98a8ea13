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

/// A delivery that is given up with its whole queue.
public struct GivenUpDelivery: Sendable, Equatable {
    /// Its event.
    public var event: EventNumber
    /// What was made of it until then.
    public var progress: Progress

    /// A delivery.
    public init(event: EventNumber, progress: Progress) {
        self.event = event
        self.progress = progress
    }
}
