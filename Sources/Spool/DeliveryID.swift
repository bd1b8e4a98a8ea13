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
