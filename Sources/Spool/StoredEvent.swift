/// An event's record, read back.
public struct StoredEvent: Sendable {
    /// Its number.
    public var number: EventNumber
    /// When it was received, in milliseconds since 1970.
    public var receivedAt: Int64
    /// The queues that were to have it.
    public var owed: [QueueID]
    /// What the relay recorded beside the body.
    public var attributes: [UInt8]
    /// The body, byte for byte.
    public var body: [UInt8]
    /// Whether attributes and body were erased: then both are empty.
    public var isErased: Bool
    /// What makes it a repetition of an earlier event, if its source looks for that.
    public var dedupe: DedupeKey?

    /// A record's content.
    public init(
        number: EventNumber, receivedAt: Int64, owed: [QueueID], attributes: [UInt8], body: [UInt8],
        isErased: Bool = false, dedupe: DedupeKey? = nil
    ) {
        self.number = number
        self.receivedAt = receivedAt
        self.owed = owed
        self.attributes = attributes
        self.body = body
        self.isErased = isErased
        self.dedupe = dedupe
    }
}
