/// What an attempt came to.
public struct Outcome: Sendable {
    /// What follows from it.
    public enum Result: Hashable, Sendable {
        /// Delivered.
        case done
        /// Given up; it can be reopened as long as the event is retained.
        case failed
        /// To be tried again, not before this time in milliseconds since 1970.
        case later(notBefore: Int64)
        /// Handed back untried: nothing is recorded.
        case untried
    }

    /// Which delivery.
    public var delivery: DeliveryID
    /// What follows.
    public var result: Result
    /// How far its schedule has come, this attempt counted.
    public var progress: Progress

    /// An outcome.
    public init(_ delivery: DeliveryID, _ result: Result, progress: Progress) {
        self.delivery = delivery
        self.result = result
        self.progress = progress
    }
}
