/// How one delivery of an event stands.
public struct DeliveryStanding: Sendable {
    /// The state it is in.
    public enum State: Hashable, Sendable {
        case waiting, done, failed
        case later(notBefore: Int64)
    }

    /// The queue it belongs to.
    public var queue: QueueID
    /// The target's name.
    public var target: String
    /// The state it is in.
    public var state: State
    /// How far its schedule has come.
    public var progress: Progress

    /// A standing.
    public init(queue: QueueID, target: String, state: State, progress: Progress) {
        self.queue = queue
        self.target = target
        self.state = state
        self.progress = progress
    }
}
