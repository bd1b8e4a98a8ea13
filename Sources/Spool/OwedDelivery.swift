/// One event on its way to one target, by numbers.
public struct DeliveryID: Hashable, Sendable {
    /// The event.
    public var event: EventNumber
    /// The target's queue.
    public var queue: QueueID

    /// The delivery of an event to a queue.
    public init(event: EventNumber, queue: QueueID) {
        self.event = event
        self.queue = queue
    }
}

/// A delivery handed out.
public struct OwedDelivery: Sendable {
    /// The event.
    public var event: EventNumber
    /// Where its record stands.
    public var position: Position
    /// How far its retry schedule has come.
    public var progress: Progress
    /// Not to be tried before, in milliseconds since 1970; 0 for at once.
    public var notBefore: Int64

    /// A delivery with its progress.
    public init(event: EventNumber, position: Position, progress: Progress = Progress(), notBefore: Int64 = 0) {
        self.event = event
        self.position = position
        self.progress = progress
        self.notBefore = notBefore
    }
}

/// How far a delivery's retry schedule has come. All zero before the first attempt.
public struct Progress: Hashable, Sendable {
    /// Attempts made, over all schedules.
    public var attempts: UInt32
    /// Attempts made before the present schedule began (a retry by hand begins a new one).
    public var attemptsBefore: UInt32
    /// When the present schedule's first attempt ended, in milliseconds since 1970.
    public var since: Int64

    /// How far it has come.
    public init(attempts: UInt32 = 0, attemptsBefore: UInt32 = 0, since: Int64 = 0) {
        self.attempts = attempts
        self.attemptsBefore = attemptsBefore
        self.since = since
    }
}
