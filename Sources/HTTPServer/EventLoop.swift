import CPlatform
import Glibc
import Platform
import Synchronization

/// A thread with its own epoll, its own connections and its own handler: no locks on a request's way.
///
/// It works in rounds: all that is ready is read and parsed, what other threads have for it is done, what is answered by then is
/// written, and the handler is told that the round has ended. Everything but `perform` and `stop` belongs to the loop's thread.
///
/// Unchecked: `work` and `wakeUp` may be used from any thread; everything else is touched on the loop's thread alone.
public final class EventLoop: @unchecked Sendable {
    /// Something that the daemon's log should say.
    public enum Notice: Sendable {
        /// No descriptor was left for a new connection; accepting pauses for a moment.
        case outOfDescriptors
        /// The limit of connections is reached, and none is idle: new ones are answered 503.
        case outOfConnections
    }

    static let eventsAtOnce = 512
    /// After so many looks and requests one counts as calm all the same: nobody may keep what others sent from being committed.
    static let callsAtOnce = 512
    /// Unused buffers kept: 1 MiB in all, as many as a large batch has requests.
    static let spareBufferLimit = 128
    static let tickNanoseconds: Int64 = 250_000_000
    /// How long a client that is refused, or had its last answer, may take to read it and to stop sending.
    static let lingerNanoseconds: Int64 = 10_000_000_000
    /// Between two notices.
    static let noticeNanoseconds: Int64 = 60_000_000_000
    /// What a refused client may still send before it is cut off, in bytes.
    static let lingerLimitBytes = 64 << 20
    /// Connections past the limit that are being answered 503; more wait until they have gone.
    static let turnedAwayLimit = 128
    /// Answers that a client has not read: past them, what it sent next waits.
    static let unreadAnswersLimit = 64
    /// How long new connections are turned to a successor before the sockets close: what a handshake may take.
    static let divertNanoseconds: Int64 = 1_000_000_000
    /// At a stop, how long a new connection may take to begin its request.
    static let lastCallNanoseconds: Int64 = 1_000_000_000
    static let wakeUpToken = UInt64.max
    static let listenerTokens = UInt64.max - 1024

    let limits: ServerLimits
    let idleNanoseconds: Int64
    let headerNanoseconds: Int64
    let bodyNanoseconds: Int64
    let epoll: Int32
    let wakeUp: Int32
    let work = Mutex<[@Sendable () -> Void]>([])
    let notice: @Sendable (Notice) -> Void
    let threadIdentity = Atomic<UInt>(0)
    /// What was refused, by the loop itself and by its handler.
    public let refusals = RefusalCounts()
    var listeners: [Listener]
    var handler: (any RequestHandler)?
    var connections: [Connection?] = []
    var freeSlots: [Int] = []
    var generations: UInt32 = 0
    var open = 0
    var turnedAway = 0
    let occupancy: Occupancy
    let identity: CurrentIdentity?
    /// The group's other loops, and how many connections each has: its own and those on their way to it.
    var siblings: [EventLoop] = []
    let load = Atomic(0)
    var idleCandidates = IdleCandidates()
    /// Buffers of the first size that nobody uses, so that a request needs no new one.
    var spareBuffers: [ReceiveBuffer] = []
    var ready: [Int] = []
    var toFlush: [Int] = []
    var writer = ResponseWriter()
    var acceptPausedUntil: Int64 = 0
    var lastNotice: Int64?
    /// How many requests the round has brought so far, and whether other threads had work for the loop.
    var handed = 0
    var hadWork = false
    /// Rounds and requests since a round was calm.
    var calls = 0
    var now: Int64 = hs_monotonic_ns()
    var nextTick: Int64 = 0
    var stopDeadline: Int64?
    /// When a stop closes the listeners; they are open until then.
    var listenersEnd: Int64?

    /// A loop that accepts from these listeners.
    init(
        listening listeners: [Listener], limits: ServerLimits, occupancy: Occupancy,
        identity: CurrentIdentity?, notice: @escaping @Sendable (Notice) -> Void
    ) {
        self.listeners = listeners
        self.limits = limits
        self.occupancy = occupancy
        self.identity = identity
        idleNanoseconds = limits.idleTimeout.wholeNanoseconds
        headerNanoseconds = limits.headerTimeout.wholeNanoseconds
        bodyNanoseconds = limits.bodyTimeout.wholeNanoseconds
        self.notice = notice
        epoll = hs_epoll_create()
        wakeUp = hs_eventfd()
        _ = hs_epoll_control(epoll, EPOLL_CTL_ADD, wakeUp, EPOLLIN.rawValue, EventLoop.wakeUpToken)
        watchListeners()
    }

    deinit {
        close(epoll)
        close(wakeUp)
    }

    /// Where it listens; port 0 has become the one that the kernel chose.
    public var addresses: [ListenAddress] { listeners.map(\.address) }

    /// Starts the thread; `nil` if the process may have no more. `makeHandler` is called on it, before the first request.
    public func start(name: String, makeHandler: @escaping @Sendable (EventLoop) -> any RequestHandler) -> LoopThread? {
        LoopThread(name: name) { [self] in
            threadIdentity.store(UInt(pthread_self()), ordering: .relaxed)
            handler = makeHandler(self)
            run()
            handler = nil
        }
    }

    /// When the kernel last said what was ready, in nanoseconds of the monotonic clock. On the loop's thread.
    public var roundBeganAt: Int64 { now }

    /// Whether the caller is on the loop's thread.
    public var isCurrent: Bool { threadIdentity.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Has work done on the loop's thread, between two rounds. From any thread.
    public func perform(_ block: @escaping @Sendable () -> Void) {
        let isFirst = work.withLock { work in
            work.append(block)
            return work.count == 1
        }
        if isFirst { signalWakeUp() }
    }

    /// Has work done with the loop's handler, on the loop's thread, between two rounds. From any thread. A loop that has
    /// ended does nothing.
    public func performWithHandler(_ block: @escaping @Sendable (any RequestHandler) -> Void) {
        perform { [self] in if let handler { block(handler) } }
    }

    /// Answers a request. On the loop's thread. An answer to a client that has gone is dropped.
    public func answer(_ exchange: Exchange, with response: Response) {
        guard let connection = connections[exchange.slot], connection.generation == exchange.generation,
            case .handling(let manners) = connection.phase
        else { return }
        if !connection.isAnsweredEarly { refusals.count(response.status) }
        if connection.isGone { return remove(exchange.slot, connection) }
        if connection.isAnsweredEarly {
            // The client has not read all of that answer yet.
            beginLingering(exchange.slot, connection)
            return watch(exchange.slot, connection, for: EPOLLIN.rawValue | EPOLLOUT.rawValue)
        }
        let closes = !manners.keepsAlive || stopDeadline != nil
        connection.unreadAnswers += 1
        writer.append(
            response, to: &connection.output, closing: closes, sayingKeepAlive: manners.saysKeepAlive,
            withoutBody: manners.isHead)
        connection.parsed = nil
        discard(connection, before: connection.requestEnd)
        connection.phase = .head
        connection.parser.reset(at: 0)
        connection.closesAfterOutput = closes
        connection.deadline = now + idleNanoseconds
        if !closes { queueReady(exchange.slot, connection) }
        toFlush.append(exchange.slot)
    }

    /// Answers a request whose bytes must stay in place all the same, until `answer` is called too, which then only lets go of
    /// them. The connection ends with it. On the loop's thread.
    public func answerEarly(_ exchange: Exchange, with response: Response) {
        guard let connection = connections[exchange.slot], connection.generation == exchange.generation,
            case .handling(let manners) = connection.phase, !connection.isGone, !connection.isAnsweredEarly
        else { return }
        refusals.count(response.status)
        connection.isAnsweredEarly = true
        connection.closesAfterOutput = true
        connection.unreadAnswers += 1
        writer.append(
            response, to: &connection.output, closing: true, sayingKeepAlive: manners.saysKeepAlive,
            withoutBody: manners.isHead)
        toFlush.append(exchange.slot)
    }

    func run() {
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: EventLoop.eventsAtOnce)
        defer { events.deallocate() }
        while !isDone {
            let count = hs_epoll_wait(epoll, events, Int32(EventLoop.eventsAtOnce), calls == 0 ? 250 : 0)
            now = hs_monotonic_ns()
            for index in 0..<max(0, Int(count)) { handle(events + index) }
            if hadWork { doWork() }
            if now >= nextTick { tick() }
            finishRound()
        }
        // Buffers stay as long as the loop: a commit that is under way may still read what it borrowed.
        for case let connection? in connections { close(connection.descriptor) }
        listeners = []
        siblings = []
    }

    func signalWakeUp() {
        var one: UInt64 = 1
        write(wakeUp, &one, 8)
    }

    func watch(_ slot: Int, _ connection: Connection, for interest: UInt32) {
        guard connection.interest != interest else { return }
        connection.interest = interest
        _ = hs_epoll_control(
            epoll, EPOLL_CTL_MOD, connection.descriptor, interest,
            UInt64(connection.generation) << 32 | UInt64(slot))
    }

    func release(_ connection: Connection) {
        guard let buffer = connection.buffer else { return }
        occupancy.hold(-buffer.capacity)
        connection.buffer = nil
        if buffer.capacity == ReceiveBuffer.initialBytes && spareBuffers.count < EventLoop.spareBufferLimit {
            buffer.clear()
            spareBuffers.append(buffer)
        }
    }

    func discard(_ connection: Connection, before offset: Int) {
        guard let buffer = connection.buffer else { return }
        if buffer.count == offset { return release(connection) }
        let before = buffer.capacity
        buffer.discard(before: offset)
        if buffer.capacity != before { occupancy.hold(buffer.capacity - before) }
    }

    /// Once in a while: what has taken too long, and accepting that paused.
    func tick() {
        nextTick = now + EventLoop.tickNanoseconds
        for slot in connections.indices {
            guard let connection = connections[slot], connection.deadline <= now || isTooSlow(connection) else {
                continue
            }
            expire(slot, connection)
        }
        if let end = listenersEnd, end <= now { closeListeners() }
        if acceptPausedUntil != 0 && acceptPausedUntil <= now {
            acceptPausedUntil = 0
            watchListeners()
        }
    }

    /// Whether a body brings less than the least rate.
    private func isTooSlow(_ connection: Connection) -> Bool {
        let received: Int
        switch connection.phase {
        case .body: received = (connection.buffer?.count ?? 0) - (connection.parsed?.end ?? 0)
        case .chunks(let chunks): received = chunks.decodedEnd - chunks.start
        case .proxyHeader, .head, .handling, .lingering: return false
        }
        let seconds = (now - connection.deadline + bodyNanoseconds) / 1_000_000_000
        return now - connection.deadline + bodyNanoseconds >= limits.bodyRateGrace.wholeNanoseconds
            && received < Int(seconds) * limits.bodyRateBytesPerSecond
    }

    func expire(_ slot: Int, _ connection: Connection) {
        switch connection.phase {
        case .handling: return
        case .lingering: drop(slot)
        case .proxyHeader: drop(slot)
        case .head where connection.buffer == nil: drop(slot)
        case .head, .body, .chunks:
            refuse(
                slot, connection,
                Refusal(408, "the request took too long", hint: "send headers and body without delay"))
        }
    }
}

extension Duration {
    /// Nanoseconds, rounded down; at most about 292 years.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 2 : product + attoseconds / 1_000_000_000
    }
}
