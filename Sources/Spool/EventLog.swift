import Platform

/// What the relay sees of the spool: a log that takes events, hands out what is owed, and remembers how it ended.
///
/// On disk it is `Spool`. A replicated log can stand behind it: positions are opaque, a commit may call back later and
/// from another thread, deliveries arrive in batches when they are there, and settling is fire and forget.
public protocol EventLog: AnyObject, Sendable {
    /// Makes a batch durable, then calls back: on the caller's thread before this returns, or later on another.
    /// The batch's bodies must stay in place until then, or until the first call where there are several (`.partly`), but for `.givenUp`.
    func commit(_ batch: CommitBatch, _ done: @escaping @Sendable (CommitOutcome) -> Void)

    /// The queue of a target's name, registered durably if it is new.
    func queue(named name: String) throws(SpoolError) -> QueueID

    /// Whether it sees itself to it that a target's events with the same key go one after another, over all who share the log:
    /// a receiver then takes its deliveries as they come, may be given one more than it asked for of each part of the order,
    /// and hands back what is to be tried again.
    var keepsOrder: Bool { get }

    /// Keeps the order of exactly these targets from now on, where `keepsOrder`. Called before their queues are asked for.
    func keepOrder(of targets: [KeptOrder]) throws(SpoolError)

    /// Where words are given that hold for all who share the log; `nil` if nobody else can.
    var words: (any SharedWords)? { get }

    /// Begins to hand a queue's deliveries to `receiver`, as far as credit was given with `request`.
    func attach(_ queue: QueueID, order: DeliveryOrder, to receiver: any DeliveryReceiver)

    /// Ends the handing out. What the receiver still holds unsettled counts as never handed out.
    func detach(_ queue: QueueID)

    /// Adds credit: the receiver may be given `count` more deliveries.
    func request(_ queue: QueueID, count: Int)

    /// Takes note of outcomes; durable within a second. May be called from any thread.
    /// - Parameter told: the wall clock's time by which theirs were reckoned, in milliseconds since 1970: if it is set meanwhile,
    ///   what has to wait waits as long all the same.
    func settle(_ outcomes: [Outcome], told: Int64)

    /// Owes a retained delivery again, with a fresh schedule, whatever became of it. Durable when it returns.
    func reopen(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult]

    /// Owes retained events to queues, whether or not they were theirs at acceptance, each with a fresh schedule; what is
    /// owed already stays as it is. Durable when it returns.
    func owe(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult]

    /// Gives up all that a queue is owed, but `kept`. Durable when it returns.
    func giveUp(_ queue: QueueID, except kept: Set<EventNumber>) throws(SpoolError) -> QueueSweep

    /// Owes to `other` what a queue is owed, but `kept`, as if it had never been tried. Durable when it returns.
    func move(_ queue: QueueID, to other: QueueID, except kept: Set<EventNumber>) throws(SpoolError) -> QueueSweep

    /// The first retained event behind `number`; those are passed over that surely came before `since`, in milliseconds since
    /// 1970.
    func retained(after number: EventNumber, since: Int64) -> EventNumber?

    /// Reads an event's record, to deliver it. One that was erased is an error.
    func read(_ position: Position) throws(SpoolError) -> StoredEvent

    /// Finds an event by number; `nil` if it was never given or is no longer retained.
    func event(_ number: EventNumber) throws(SpoolError) -> StoredEvent?

    /// Takes events' attributes and bodies from wherever they are kept, for good; numbers stay, and what was still owed is
    /// settled. Durable when it returns.
    func erase(_ numbers: [EventNumber]) throws(SpoolError) -> [EventNumber: EraseResult]

    /// What an event's deliveries stand at.
    func deliveries(of number: EventNumber) throws(SpoolError) -> [DeliveryStanding]

    /// The retained events whose delivery to a queue was given up: at most `limit` of them, in order, behind `number`.
    func failed(_ queue: QueueID, after number: EventNumber, limit: Int) -> [EventNumber]

    /// What waits, and what the disk holds.
    func status() -> SpoolStatus

    /// Makes everything durable and lets go of the log. Nothing may be called afterwards.
    func close()
}

/// In which order a queue's deliveries are handed out.
public enum DeliveryOrder: Sendable {
    /// Those whose time has come: retries that are due, then events by number. A retry not yet due stays in the log.
    case whenDue
    /// Strictly by event number, retries not yet due included (`notBefore` says when): for a receiver that keeps order.
    case byNumber
}

/// Who is handed deliveries. Called on a queue of the log's; it must hand over and return.
public protocol DeliveryReceiver: AnyObject, Sendable {
    /// Takes deliveries that are owed; never more than it gave credit for, unless the log keeps the order.
    func receive(_ deliveries: [OwedDelivery])
}

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

/// What a request to reopen came to.
public enum ReopenResult: Hashable, Sendable {
    /// It is owed again.
    case reopened
    /// It was owed already: its next attempt comes at once.
    case wasOwed
    /// The event is not, or no longer, in the spool.
    case noSuchEvent
    /// The event was never to go to that target.
    case neverOwed
}

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

/// A spool at one moment.
public struct SpoolStatus: Sendable {
    /// What one queue holds.
    public struct Queue: Sendable {
        /// Its number.
        public var id: QueueID
        /// The target's name.
        public var name: String
        /// Deliveries owed, those handed out included.
        public var waiting: Int
        /// Deliveries given up and retained.
        public var failed: Int
        /// When the oldest owed event was received, in milliseconds since 1970; `nil` if none is owed.
        public var oldestReceivedAt: Int64?

        /// What one queue holds.
        public init(id: QueueID, name: String, waiting: Int, failed: Int, oldestReceivedAt: Int64?) {
            self.id = id
            self.name = name
            self.waiting = waiting
            self.failed = failed
            self.oldestReceivedAt = oldestReceivedAt
        }
    }

    /// Every queue that the spool knows, by number.
    public var queues: [Queue]
    /// Bytes on disk.
    public var bytes: Int
    /// Events retained.
    public var events: Int
    /// Records found damaged since the spool was made.
    public var corrupt: Int
    /// How long the last sync took, in seconds.
    public var syncSeconds: Double
    /// Every sync since the start.
    public var syncs: Histogram
    /// Events accepted since the last sync, which a power cut may take; 0 where every answer waits for its sync.
    public var unsynced = 0
    /// Why new events are refused, if they are.
    public var closed: String?
    /// For how long the disk has not answered a commit, in seconds; 0 unless new events are refused because of it.
    public var stalledSeconds: Double
    /// What stands before a log that is elsewhere; `nil` where nothing can.
    public var buffer: Buffer?

    /// Events that wait on this machine's disk for a log that is elsewhere.
    public struct Buffer: Sendable {
        /// How many there are.
        public var events: Int
        /// What they take on disk, in bytes.
        public var bytes: Int
        /// When the oldest that is owed was received, in milliseconds since 1970; `nil` if none is.
        public var oldestReceivedAt: Int64?
        /// Why new events go there; `nil` if they don't.
        public var reason: String?

        /// What stands before a log.
        public init(events: Int, bytes: Int, oldestReceivedAt: Int64?, reason: String?) {
            self.events = events
            self.bytes = bytes
            self.oldestReceivedAt = oldestReceivedAt
            self.reason = reason
        }
    }

    /// A spool at one moment.
    public init(
        queues: [Queue], bytes: Int, events: Int, corrupt: Int, syncSeconds: Double,
        syncs: Histogram = Histogram(.answer), unsynced: Int = 0, closed: String?, stalledSeconds: Double = 0
    ) {
        self.queues = queues
        self.bytes = bytes
        self.events = events
        self.corrupt = corrupt
        self.syncSeconds = syncSeconds
        self.syncs = syncs
        self.unsynced = unsynced
        self.closed = closed
        self.stalledSeconds = stalledSeconds
    }
}
