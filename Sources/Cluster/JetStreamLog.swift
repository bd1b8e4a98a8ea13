import CPlatform
import NATS
import Spool
import Synchronization

/// The log on a JetStream cluster: an event is a message of a stream, a target's queue a durable pull consumer that all relays
/// share, an outcome an acknowledgement.
///
/// Unchecked: what is mutable belongs to the client's thread, but for what has a lock of its own.
public final class JetStreamLog: EventLog, ClientOwner, @unchecked Sendable {
    /// Something that the daemon's log should say.
    public enum Notice: Sendable {
        /// A connection to this broker stands.
        case connected(String)
        /// The connection ended, or none could be made, for this reason.
        case disconnected(String)
        /// The brokers don't allow something that the relay needs.
        case denied(Denial)
        /// The brokers take shorter messages than the relay takes bodies.
        case shortMessages(limitBytes: Int)
        /// The brokers can't do yet what a start needs.
        case waiting(String)
        /// The brokers keep less than the documentation promises, or it can't be told whether they do.
        case concern(DurabilityConcern)
    }

    private static let pullMilliseconds: Int64 = 10_000
    private static let heartbeatMilliseconds: Int64 = 2_000
    /// After how long without a word the pulls are taken for lost.
    private static let silenceMilliseconds: Int64 = 5_000
    /// How often the same thing is said not to be allowed, in milliseconds.
    private static let denialMilliseconds: Int64 = 60_000

    let settings: ClusterSettings
    let subjects: Subjects
    let client: Client
    let bodies = Bodies()
    let board = StatusBoard()
    let orders = Mutex(Orders())
    let notice: @Sendable (Notice) -> Void
    private let lock: Mutex<(any AnyObject & Sendable)?>
    let publisher = Publisher()
    private let confirmations = Confirmations()
    let nextMessage = Atomic<UInt64>(1)
    /// What tells this relay's messages from others', over restarts.
    let salt = String(UInt64.random(in: .min ... .max), radix: 36)
    var entries: [QueueID: Entry] = [:]
    /// The partitions that queues have consumers for.
    var partitions: [QueueID: Set<Partition>] = [:]
    /// The events that the bucket of keys was asked for, and those that it is to be asked for again.
    var looking = 0
    var lateLooks: [Keyed] = []
    var lookAgainAt: Int64 = 0
    let heard = Mutex(HeardWords())
    let emptied = Mutex(Emptied())
    /// What relays had in hand when they were asked, and the questions under way.
    let hands = Mutex<[QueueID: Hands]>([:])
    let handsQuestions = Mutex<[UInt64: HandsQuestion]>([:])
    /// Who is given what the consumers of a queue hand out while it is emptied here.
    var takers: [QueueID: TakenMessages] = [:]
    /// When it was last said of what, to a part of the subjects, that it is not allowed.
    private var deniedAt: [Denial: Int64] = [:]
    private var keepAliveAt: Int64 = 0
    /// When this thread was last awake, and until when what comes may have waited here since long before.
    var awakeAt: Int64 = 0
    var lateUntil: Int64 = 0
    var surveyAt: Int64 = 0
    var isSurveying = false
    /// The longest message that the brokers take; 0 before one said so.
    let longest = Atomic<Int>(0)

    /// Connects, makes the streams if they are not there, and takes the directory's lock. Blocks until the brokers are there,
    /// for some seconds at the most.
    /// - Throws: `SpoolError.elsewhere` with the reason, `.locked` if another process has the directory.
    public convenience init(_ settings: ClusterSettings, notice: @escaping @Sendable (Notice) -> Void)
        throws(SpoolError)
    {
        let disk = SystemDisk()
        try disk.makeDirectory(settings.path)
        try self.init(settings, holding: try disk.lock(settings.path), notice: notice)
    }

    /// Connects beside a spool, which has the directory's lock already.
    public convenience init(
        besides spool: Spool, _ settings: ClusterSettings, notice: @escaping @Sendable (Notice) -> Void
    ) throws(SpoolError) {
        try self.init(settings, holding: nil, notice: notice)
    }

    /// Connects to look at what is there: nothing is made there, and nothing can be committed or handed out.
    convenience init(lookingAt settings: ClusterSettings) throws(SpoolError) {
        try self.init(settings, holding: nil, notice: { _ in }) { log throws(SpoolError) in
            try log.learnTargets()
            try log.learnShares()
        }
    }

    /// Connects as above. `lock` is let go of at the end; `nil` where somebody else has the directory's.
    private convenience init(
        _ settings: ClusterSettings, holding lock: (any AnyObject & Sendable)?,
        notice: @escaping @Sendable (Notice) -> Void
    ) throws(SpoolError) {
        try self.init(settings, holding: lock, notice: notice) { log throws(SpoolError) in
            try log.prepareStreams()
            try log.learnTargets()
            try log.learnWords()
            log.voiceConcerns()
        }
    }

    private init(
        _ settings: ClusterSettings, holding lock: (any AnyObject & Sendable)?,
        notice: @escaping @Sendable (Notice) -> Void, begin: (JetStreamLog) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        self.settings = settings
        self.notice = notice
        self.lock = Mutex(lock)
        subjects = Subjects(name: settings.name)
        do throws(NATSFault) { client = try Client(settings.client) } catch {
            throw .elsewhere(reason: error.reason)
        }
        guard client.start(owner: self) else { throw .elsewhere(reason: "the process may have no more threads") }
        do throws(SpoolError) { try begin(self) } catch {
            client.stop()
            throw error
        }
    }

    /// Reads an event: one whose delivery is in hand from memory, any other from the stream.
    public func read(_ position: Position) throws(SpoolError) -> StoredEvent {
        let number = EventNumber(rawValue: position.event)
        let queue = QueueID(rawValue: UInt16(truncatingIfNeeded: position.offset))
        if let payload = try bodies.read(number, for: queue, now: steady()),
            let event = StoredEvent(number, payload: payload)
        {
            return event
        }
        guard let event = try event(number) else { throw .erased(number) }
        return event
    }

    /// Takes note of outcomes: acknowledges, or writes down what there is to it and then acknowledges.
    public func settle(_ outcomes: [Outcome], told: Int64) {
        client.perform { [self] in
            for (share, outcomes) in Dictionary(grouping: outcomes, by: { share(of: $0.delivery) }) {
                decide(share) { shelf, effects in
                    for outcome in outcomes {
                        let event = outcome.delivery.event
                        if outcome.result == .untried && bodies.isOver(event, for: share.queue, now: steady()) {
                            shelf.abandon(event, &effects)
                        } else {
                            shelf.settle(outcome, wall: hs_wall_ms(), &effects)
                        }
                    }
                }
            }
        }
    }

    /// Begins to hand out a queue's deliveries.
    public func attach(_ queue: QueueID, order: DeliveryOrder, to receiver: any DeliveryReceiver) {
        client.perform { [self] in
            guard let entry = entries[queue] else { return }
            entry.receiver = receiver
            entry.ahead = 0
            for share in entry.shares { decide(share) { shelf, _ in shelf.attach() } }
        }
    }

    /// Ends the handing out, and gives back what has no outcome.
    public func detach(_ queue: QueueID) {
        client.perform { [self] in
            entries[queue]?.receiver = nil
            for share in entries[queue]?.shares ?? [] { decide(share) { $0.detach(&$1) } }
        }
    }

    /// Adds credit.
    public func request(_ queue: QueueID, count: Int) {
        client.perform { [self] in
            let left = entries[queue]?.take(count) ?? 0
            decide(Share(queue)) { $0.request(left, now: steady(), &$1) }
        }
    }

    /// Sends what waits, ends the connection, and lets go of the directory.
    public func close() {
        client.perform { [self] in publisher.stop() }
        client.stop()
        lock.withLock { $0 = nil }
    }

    // On the client's thread from here on.

    /// A connection stands: what has no answer is sent again, and messages are asked for anew.
    public func connected(to server: ServerInfo) {
        let limitBytes = server.payloadLimitBytes
        let isNews = longest.exchange(limitBytes, ordering: .relaxed) != limitBytes
        board.note(connectedTo: server)
        notice(.connected("\(server.name) \(server.version)"))
        if isNews && limitBytes < settings.bodyLimitBytes + ClusterSettings.attributesBytes {
            notice(.shortMessages(limitBytes: limitBytes))
        }
        if isNews && !server.isAtLeast(2, 10) { notice(.concern(.tooOld(server.version))) }
        var writer = ProtocolWriter()
        writer.subscribe(subjects.emptyings, as: 2)
        writer.subscribe(subjects.handsQuestions, as: 3)
        writer.subscribe(subjects.erasings, as: 4)
        client.send(writer.bytes)
        publisher.reconnected(now: steady()) { client.send($0) }
        confirm(all: true)
        for share in shares { decide(share) { $0.renew(now: steady(), &$1) } }
    }

    /// The connection ended, or none could be made.
    public func disconnected(_ fault: NATSFault) {
        // Attempts that fail after it are no news.
        if board.note(closed: fault.reason) { notice(.disconnected(fault.reason)) }
    }

    /// The brokers don't allow something: what it was to store is refused, and it is said from time to time.
    public func denied(_ denial: Denial) {
        if denial.act == .publish { publisher.denied(denial.subject, denial.fault) }
        // Acknowledgements have a subject each, and pulls one for each consumer.
        var kind = denial
        kind.subject = denial.subject.split(separator: ".").prefix(3).joined(separator: ".")
        guard steady() - (deniedAt[kind] ?? .min / 2) >= JetStreamLog.denialMilliseconds else { return }
        deniedAt[kind] = steady()
        notice(.denied(denial))
    }

    /// A message came: a word on one of ours, or a delivery.
    public func received(_ message: Message) {
        if message.subject.hasPrefix(client.inbox) {
            let tail = message.subject.utf8.dropFirst(client.inbox.utf8.count + 1)
            // Thousands of these come a second.
            if tail.starts(with: "p.".utf8), let number = UInt64(Substring(tail.dropFirst(2))) {
                return publisher.answered(number, PublishAnswer(message), now: steady())
            }
            let words = Substring(tail).split(separator: ".")
            guard words.count >= 2, let number = UInt64(words[1]) else { return }
            switch words[0] {
            case "a": confirmations.confirmed(number)
            case "h": heardOfHands(number, message)
            case "n":
                guard words.count == 3, let share = Share(consumer: words[2]) else { return }
                pullSaid(message, share, Int(number))
            default: return
            }
            return
        }
        if message.subject.hasPrefix(subjects.emptyingPrefix) { return heardOfEmptying(message) }
        if message.subject.hasPrefix(subjects.handsPrefix) { return askedForHands(message) }
        if message.subject.hasPrefix(subjects.erasingPrefix) { return heardOfErasing(message) }
        guard let reply = message.reply, let mark = DeliveryMark(reply), mark.stream == subjects.eventStream,
            let share = Share(consumer: mark.consumer)
        else { return }
        arrived(message, reply, mark, for: share)
    }

    /// What came at once was taken.
    public func receivedAll() { publisher.tell() }

    /// Time has passed: what is overdue is sent again, and what is in hand is kept.
    public func tick(now: Int64) {
        stayAwake(now: now)
        publisher.tick(now: now) { client.send($0) }
        // Also without a connection: their senders wait no longer than others.
        lookAgain(now: now)
        guard client.isConnected else { return }
        confirm(all: false)
        for share in shares
        where entries[share.queue]?[share]?.isSilent(now: now, after: JetStreamLog.silenceMilliseconds) == true {
            decide(share) { $0.renew(now: now, &$1) }
        }
        if now >= keepAliveAt {
            keepAliveAt = now + settings.ackWait.wholeMilliseconds / 4
            for share in shares { keepAlive(share, now: now) }
        }
        if now >= surveyAt { survey(now: now) }
    }

    private func confirm(all: Bool) {
        var writer = ProtocolWriter()
        confirmations.resend(inbox: client.inbox + ".a", now: steady(), all: all, to: &writer)
        if !writer.bytes.isEmpty { client.send(writer.bytes) }
    }

    /// Tells a consumer that a message has come to its end, until it has heard it.
    func confirm(_ reply: String, _ what: Acknowledgement, to writer: inout ProtocolWriter) {
        confirmations.send(reply, what, inbox: client.inbox + ".a", now: steady(), to: &writer)
    }

    /// Has a shelf decide, and does what it says.
    func decide(_ share: Share, _ input: (inout Shelf, inout Shelf.Effects) -> Void) {
        guard let entry = entries[share.queue], entry[share] != nil else { return }
        var effects = Shelf.Effects()
        entry.change(share) { shelf in
            input(&shelf, &effects)
            shelf.goOn(now: steady(), &effects)
        }
        let generation = entry[share]?.generation ?? 0
        var writer = ProtocolWriter()
        for (reply, what) in effects.acknowledge {
            if what == .done || what == .term {
                confirm(reply, what, to: &writer)
            } else {
                writer.publish(reply, what.payload)
            }
        }
        if effects.pull > 0 {
            writer.publish(
                JetStreamAPI.next(share.consumer, of: subjects.eventStream),
                reply: "\(client.inbox).n.\(generation).\(share.consumer)",
                JetStreamAPI.pull(
                    effects.pull, expires: JetStreamLog.pullMilliseconds, heartbeat: JetStreamLog.heartbeatMilliseconds
                ))
        }
        // Without a connection the consumer gives out again what it was not told of, and pulls are made anew.
        if !writer.bytes.isEmpty { client.send(writer.bytes) }
        for event in effects.letGo { bodies.letGo(event, for: share.queue) }
        for (record, last) in effects.write { write(record, after: last) }
        for delivery in effects.forget { forgetFailure(delivery) }
        for arrival in effects.lookUp { lookUp(arrival, for: share) }
        if !effects.handOut.isEmpty { entry.handOut(effects.handOut, from: share) }
    }

    func steady() -> Int64 { hs_monotonic_ns() / 1_000_000 }
}

extension Duration {
    var wholeMilliseconds: Int64 { Int64(self / .milliseconds(1)) }
}
