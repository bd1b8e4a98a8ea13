import Platform

/// What the relay sees of the spool: a log that takes events, hands out what is owed, and remembers how it ended.
///
/// On disk it is `Spool`. A replicated log can stand behind it: positions are opaque, a commit may call back later and
/// from another thread, deliveries arrive in batches when they are there, and settling is fire and forget.
public protocol EventLog: AnyObject, Sendable {
    /// Makes a batch durable, then calls back: on the caller's thread before this returns, or later on another.
    /// The batch's bodies must stay in place until then, or until the first call where there are several (`.partly`), but for `.givenUp`.
    func commit(_ batch: CommitBatch, _ done: @escaping @Sendable (CommitOutcome) -> Void)

    /// Whether it takes one batch at a time, so that what waits behind one may as well be gathered: the larger a batch, the less an
    /// event of it costs.
    var takesOneBatchAtATime: Bool { get }

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

    /// Calls `write` each time before outcomes become durable, so that what is told of them elsewhere is written first. It is called on
    /// a queue of the log's, and must not ask the log for anything. To be set before anything is settled.
    func beforeOutcomes(_ write: @escaping @Sendable () -> Void)

    /// Owes a retained delivery again, with a fresh schedule, whatever became of it. Durable when it returns.
    func reopen(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult]

    /// Owes retained events to queues, whether or not they were theirs at acceptance, each with a fresh schedule; what is
    /// owed already stays as it is. Durable when it returns.
    func owe(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult]

    /// Gives up all that a queue is owed as it begins, but `kept`, part by part; `tell` hears of each part before that is done, and ends
    /// it by what it throws: the rest stays owed. Durable when it returns.
    func giveUp(
        _ queue: QueueID, except kept: Set<EventNumber>,
        telling tell: (_ deliveries: [GivenUpDelivery]) throws(SpoolError) -> Void
    ) throws(SpoolError) -> QueueSweep

    /// Owes to `other` what a queue is owed, but `kept`, as if it had never been tried. Durable when it returns.
    func move(_ queue: QueueID, to other: QueueID, except kept: Set<EventNumber>) throws(SpoolError) -> QueueSweep

    /// The first retained event behind `number`; those are passed over that surely came before `since`, in milliseconds since
    /// 1970.
    func retained(after number: EventNumber, since: Int64) throws(SpoolError) -> EventNumber?

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
    /// - Throws: `SpoolError.elsewhere` if that can't be told now.
    func failed(_ queue: QueueID, after number: EventNumber, limit: Int) throws(SpoolError) -> [EventNumber]

    /// What waits, and what the disk holds.
    func status() -> SpoolStatus

    /// Makes everything durable and lets go of the log. Nothing may be called afterwards.
    func close()
}

extension EventLog {
    /// A log that is elsewhere has its outcomes acknowledged there, and waits for nobody here.
    public func beforeOutcomes(_ write: @escaping @Sendable () -> Void) {}
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
