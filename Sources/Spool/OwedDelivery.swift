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
