/// The events that one event loop gathered in one round of reading, to be made durable together.
///
/// Bodies are borrowed: their bytes must stay where they are until the commit has called back. Everything else is copied.
///
/// Unchecked: the borrowed bodies are only read, and stay in place until the commit has called back.
public struct CommitBatch: @unchecked Sendable {
    /// One event on its way into the spool.
    public struct Event {
        /// When it was received, in milliseconds since 1970.
        public var receivedAt: Int64
        /// The queues that are to have it. What an event owes is settled here and recorded with it.
        public var owed: [QueueID]
        /// Where its attributes stand in the batch's `attributes`.
        public var attributes: Range<Int>
        /// The body as it came; borrowed.
        public var body: UnsafeRawBufferPointer
        /// What makes it a repetition of an earlier event, if its source looks for that.
        public var dedupe: DedupeKey?
    }

    /// The events in order of arrival.
    public private(set) var events: [Event] = []
    /// All events' attributes, one after the other. The spool keeps them and does not look inside.
    public private(set) var attributes: [UInt8] = []
    /// Whether the relay itself made these events, of what it already owes: they may use what is kept free when the door is closed. Else
    /// what is to make room would wait for room.
    public var isOwn = false

    /// An empty batch.
    public init() {}

    /// Whether nothing waits.
    public var isEmpty: Bool { events.isEmpty }
    /// How many events wait.
    public var count: Int { events.count }

    /// Adds an event; its place in the batch is the answer.
    @discardableResult
    public mutating func append(
        receivedAt: Int64, owed: [QueueID], attributes bytes: some Collection<UInt8>, body: UnsafeRawBufferPointer,
        dedupe: DedupeKey? = nil
    ) -> Int {
        append(receivedAt: receivedAt, owed: owed, body: body, dedupe: dedupe) { $0.append(contentsOf: bytes) }
    }

    /// Adds an event whose attributes are appended by `write`, behind those of the events before it.
    @discardableResult
    public mutating func append(
        receivedAt: Int64, owed: [QueueID], body: UnsafeRawBufferPointer, dedupe: DedupeKey? = nil,
        attributes write: (inout [UInt8]) -> Void
    ) -> Int {
        let start = attributes.count
        write(&attributes)
        events.append(
            Event(
                receivedAt: receivedAt, owed: owed, attributes: start..<attributes.count, body: body, dedupe: dedupe))
        return events.count - 1
    }

    /// The same events, owed to queues that have other numbers elsewhere.
    public func owed(to number: (QueueID) -> QueueID) -> CommitBatch {
        var batch = self
        for place in batch.events.indices { batch.events[place].owed = events[place].owed.map(number) }
        return batch
    }

    /// Adds another batch's events behind these.
    mutating func append(_ other: CommitBatch) {
        let start = attributes.count
        attributes += other.attributes
        for var event in other.events {
            event.attributes = (start + event.attributes.lowerBound)..<(start + event.attributes.upperBound)
            events.append(event)
        }
    }

    /// Hands the events over to whoever commits them, who then has their memory alone; the next ones get as much.
    public mutating func take() -> CommitBatch {
        let taken = self
        self = CommitBatch()
        events.reserveCapacity(taken.events.count)
        attributes.reserveCapacity(taken.attributes.count)
        return taken
    }
}

/// What tells a repetition of an event: 16 bytes of a hash over source and key value, and for how long it counts.
public struct DedupeKey: Hashable, Sendable {
    /// The hash.
    public var hash: SIMD2<UInt64>
    /// Until when the same key is a repetition, in milliseconds since 1970.
    public var until: Int64
    /// Whether it must not count for longer either. Not recorded.
    public var isExact: Bool

    /// A key that counts until a moment.
    public init(hash: SIMD2<UInt64>, until: Int64, isExact: Bool = true) {
        self.hash = hash
        self.until = until
        self.isExact = isExact
    }
}

/// What became of one event of a batch.
public enum Fate: Hashable, Sendable {
    /// It is durable under this number.
    case accepted(EventNumber)
    /// The same key was seen before: nothing was appended.
    case duplicate(of: EventNumber)
    /// It was not taken, though others of its batch may have been: a log that is elsewhere takes events one by one.
    case refused(CommitRefusal)
}

/// What became of a batch. All of it was taken, or none, unless a fate says otherwise.
public enum CommitOutcome: Sendable {
    /// Durable: a fate for each event, in the batch's order.
    case committed([Fate])
    /// What became of some events, by their place in the batch; of the others it is told later, of each once. A log that is
    /// elsewhere says so, where one event would hold up the rest.
    case partly([(place: Int, fate: Fate)])
    /// Nothing was taken, and nothing of it will be delivered.
    case refused(CommitRefusal)
    /// The log does not wait for its disk any longer, and nothing of it will be delivered. The disk may still be reading: bodies stay
    /// in place until it is told once more, as `.refused`.
    case givenUp(CommitRefusal)
}

/// Why a batch was not taken.
public struct CommitRefusal: Error, Hashable, Sendable {
    /// What the sender can make of it.
    public enum Kind: Hashable, Sendable {
        /// The event was not taken, and may be later.
        case notTaken
        /// Nobody knows whether it was taken.
        case unknown
        /// It is longer than the log takes, and will never be taken.
        case tooLong(limitBytes: Int)
    }

    /// What the sender can make of it.
    public var kind: Kind
    /// The reason, for the log and the sender.
    public var reason: String
    /// After how many seconds a sender may try again.
    public var retryAfterSeconds: Int

    /// A refusal with its reason.
    public init(_ kind: Kind = .notTaken, reason: String, retryAfterSeconds: Int) {
        self.kind = kind
        self.reason = reason
        self.retryAfterSeconds = retryAfterSeconds
    }
}
