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
