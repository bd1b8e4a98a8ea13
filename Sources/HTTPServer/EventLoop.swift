import CPlatform
import Glibc
import Platform
import Synchronization

/// A thread with its own epoll, its own connections and its own handler: no locks on a request's way.
///
/// It works in rounds: all that is ready is read and parsed, the handler is told that the round has ended, and what it has
/// answered by then is written. Everything but `perform` and `stop` belongs to the loop's thread.
///
/// Unchecked: `work` and `wakeUp` may be used from any thread; everything else is touched on the loop's thread alone.
public final class EventLoop: @unchecked Sendable {
    /// Something that the daemon's log should say.
    public enum Notice: Sendable {
        /// No descriptor was left for a new connection; accepting pauses for a moment.
        case outOfDescriptors
        /// The limit of connections is reached, and none is idle.
        case outOfConnections
    }

    static let eventsAtOnce = 512
    static let tickNanoseconds: Int64 = 250_000_000
    static let lingerNanoseconds: Int64 = 2_000_000_000
    /// Between two notices.
    static let noticeNanoseconds: Int64 = 60_000_000_000
    /// What a refused client may still send before it is cut off, in bytes.
    static let lingerLimitBytes = 4 << 20
    private static let wakeUpToken = UInt64.max
    private static let listenerTokens = UInt64.max - 1024

    let limits: ServerLimits
    private let idleNanoseconds: Int64
    private let headerNanoseconds: Int64
    private let bodyNanoseconds: Int64
    private let epoll: Int32
    private let wakeUp: Int32
    private let work = Mutex<[@Sendable () -> Void]>([])
    private let notice: @Sendable (Notice) -> Void
    private let threadIdentity = Atomic<UInt>(0)
    private var listeners: [Listener]
    private var handler: (any RequestHandler)?
    private var connections: [Connection?] = []
    private var freeSlots: [Int] = []
    private var generations: UInt32 = 0
    private var open = 0
    private var perAddress: [PeerAddress: Int] = [:]
    private var heldBytes = 0
    private var ready: [Int] = []
    private var toFlush: [Int] = []
    private var writer = ResponseWriter()
    private var acceptPausedUntil: Int64 = 0
    private var lastNotice: Int64?
    private var now: Int64 = hs_monotonic_ns()
    private var nextTick: Int64 = 0
    private var stopDeadline: Int64?

    /// A loop that listens at these addresses.
    /// - Throws: `ListenError` with the address that could not be had.
    public init(
        listening addresses: [ListenAddress], limits: ServerLimits, notice: @escaping @Sendable (Notice) -> Void
    ) throws(ListenError) {
        var listeners: [Listener] = []
        for address in addresses { listeners.append(try Listener(address)) }
        self.listeners = listeners
        self.limits = limits
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

    /// Stops accepting, answers what has been read, and ends the thread when the last connection is done or the time is over. From any thread.
    public func stop(within grace: Duration) {
        perform { [self] in
            stopDeadline = hs_monotonic_ns() + grace.wholeNanoseconds
            listeners = []
            for (slot, connection) in connections.enumerated() where connection?.isIdle == true { drop(slot) }
        }
    }

    /// Answers a request. On the loop's thread. An answer to a client that has gone is dropped.
    public func answer(_ exchange: Exchange, with response: Response) {
        guard let connection = connections[exchange.slot], connection.generation == exchange.generation,
            case .handling = connection.phase, let parsed = connection.parsed
        else { return }
        if connection.isGone { return remove(exchange.slot, connection) }
        let closes = !parsed.keepsAlive || stopDeadline != nil
        writer.append(response, to: &connection.output, closing: closes, withoutBody: parsed.head.method == .head)
        connection.parsed = nil
        discard(connection, before: connection.requestEnd)
        connection.phase = .head
        connection.parser.reset(at: 0)
        connection.closesAfterOutput = closes
        connection.deadline = now + idleNanoseconds
        if !closes { queueReady(exchange.slot, connection) }
        toFlush.append(exchange.slot)
    }

    private func run() {
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: EventLoop.eventsAtOnce)
        defer { events.deallocate() }
        while !isDone {
            let count = hs_epoll_wait(epoll, events, Int32(EventLoop.eventsAtOnce), 250)
            now = hs_monotonic_ns()
            for index in 0..<max(0, Int(count)) { handle(events + index) }
            finishRounds()
            doWork()
            finishRounds()
            if now >= nextTick { tick() }
        }
        // Buffers stay as long as the loop: a commit that is under way may still read what it borrowed.
        for case let connection? in connections { close(connection.descriptor) }
        listeners = []
    }

    private var isDone: Bool {
        guard let stopDeadline else { return false }
        return open == 0 || hs_monotonic_ns() >= stopDeadline
    }

    private func doWork() {
        let blocks = work.withLock { work in
            defer { work = [] }
            return work
        }
        for block in blocks { block() }
    }

    private func handle(_ event: UnsafePointer<epoll_event>) {
        let token = hs_epoll_token(event)
        if token == EventLoop.wakeUpToken {
            var value: UInt64 = 0
            read(wakeUp, &value, 8)
        } else if token >= EventLoop.listenerTokens {
            accept(Int(token - EventLoop.listenerTokens))
        } else {
            let slot = Int(token & 0xFFFF_FFFF)
            guard let connection = connections[slot], connection.generation == UInt32(token >> 32) else { return }
            let bits = event.pointee.events
            if bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0, case .handling = connection.phase {
                return drop(slot)
            }
            if bits & (EPOLLOUT.rawValue | EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0, !connection.output.isEmpty {
                flush(slot, connection)
                guard connections[slot] === connection else { return }
            }
            if bits & ~EPOLLOUT.rawValue != 0 { receive(slot, connection) }
        }
    }

    /// Lets the handler commit what the round brought, goes on with pipelined requests, and writes the answers.
    private func finishRounds() {
        repeat {
            let slots = ready
            ready.removeAll(keepingCapacity: true)
            for slot in slots {
                guard let connection = connections[slot] else { continue }
                connection.isQueued = false
                advance(slot, connection)
            }
            handler?.roundEnded()
        } while !ready.isEmpty
        let slots = toFlush
        toFlush.removeAll(keepingCapacity: true)
        for slot in slots {
            if let connection = connections[slot], !connection.output.isEmpty { flush(slot, connection) }
        }
    }

    private func queueReady(_ slot: Int, _ connection: Connection) {
        guard connection.buffer != nil, !connection.isQueued else { return }
        connection.isQueued = true
        ready.append(slot)
    }

    private func signalWakeUp() {
        var one: UInt64 = 1
        write(wakeUp, &one, 8)
    }

    private func watchListeners() {
        for (index, listener) in listeners.enumerated() {
            _ = hs_epoll_control(
                epoll, EPOLL_CTL_ADD, listener.descriptor, EPOLLIN.rawValue,
                EventLoop.listenerTokens + UInt64(index))
        }
    }

    private func pauseAccepting(for nanoseconds: Int64, _ reason: Notice) {
        if lastNotice.map({ now - $0 > EventLoop.noticeNanoseconds }) ?? true {
            lastNotice = now
            notice(reason)
        }
        guard acceptPausedUntil == 0 else { return }
        acceptPausedUntil = now + nanoseconds
        for listener in listeners { _ = hs_epoll_control(epoll, EPOLL_CTL_DEL, listener.descriptor, 0, 0) }
    }

    private func accept(_ index: Int) {
        guard index < listeners.count else { return }
        for turn in 0..<128 {
            guard acceptPausedUntil == 0 else { return }
            if open >= limits.connections {
                // Only the first turn knows that a client waits: for nobody, no other one is sent away.
                guard turn == 0 else { return }
                guard dropOldestIdle() else {
                    return pauseAccepting(for: EventLoop.tickNanoseconds, .outOfConnections)
                }
            }
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let descriptor = hs_accept(listeners[index].descriptor, &storage, &length)
            if descriptor < 0 {
                if errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM {
                    _ = dropOldestIdle()
                    pauseAccepting(for: EventLoop.tickNanoseconds, .outOfDescriptors)
                }
                return
            }
            adopt(descriptor, PeerAddress(storage))
        }
    }

    private func adopt(_ descriptor: Int32, _ peer: PeerAddress) {
        if let limit = limits.connectionsPerAddress, perAddress[peer, default: 0] >= limit {
            close(descriptor)
            return
        }
        var one: Int32 = 1
        if peer != .local {
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        }
        let slot = freeSlots.popLast() ?? connections.count
        if slot == connections.count { connections.append(nil) }
        generations &+= 1
        let connection = Connection(
            descriptor, generation: generations, peer: peer, parser: HeadParser(limits),
            deadline: now + idleNanoseconds)
        connections[slot] = connection
        open += 1
        if limits.connectionsPerAddress != nil { perAddress[peer, default: 0] += 1 }
        connection.interest = EPOLLIN.rawValue
        _ = hs_epoll_control(
            epoll, EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue,
            UInt64(connection.generation) << 32 | UInt64(slot))
        // A client mostly sends at once: its request is often there already.
        receive(slot, connection)
    }

    private func dropOldestIdle() -> Bool {
        var oldest: (slot: Int, deadline: Int64)?
        for (slot, connection) in connections.enumerated() {
            guard let connection, connection.isIdle, connection.deadline < oldest?.deadline ?? .max else { continue }
            oldest = (slot, connection.deadline)
        }
        guard let oldest else { return false }
        drop(oldest.slot)
        return true
    }

    private func drop(_ slot: Int) {
        guard let connection = connections[slot] else { return }
        guard case .handling = connection.phase else { return remove(slot, connection) }
        // Its bytes are lent to the handler: it goes when it is answered. Until then it isn't watched, since what has
        // broken is always ready.
        guard !connection.isGone else { return }
        connection.isGone = true
        connection.output = []
        connection.sent = 0
        _ = hs_epoll_control(epoll, EPOLL_CTL_DEL, connection.descriptor, 0, 0)
    }

    private func remove(_ slot: Int, _ connection: Connection) {
        release(connection)
        close(connection.descriptor)
        connections[slot] = nil
        freeSlots.append(slot)
        open -= 1
        if limits.connectionsPerAddress != nil {
            perAddress[connection.peer, default: 1] -= 1
            if perAddress[connection.peer] == 0 { perAddress[connection.peer] = nil }
        }
        if acceptPausedUntil != 0 { acceptPausedUntil = now }
    }

    private func watch(_ slot: Int, _ connection: Connection, for interest: UInt32) {
        guard connection.interest != interest else { return }
        connection.interest = interest
        _ = hs_epoll_control(
            epoll, EPOLL_CTL_MOD, connection.descriptor, interest,
            UInt64(connection.generation) << 32 | UInt64(slot))
    }

    private func release(_ connection: Connection) {
        if let buffer = connection.buffer { heldBytes -= buffer.capacity }
        connection.buffer = nil
    }

    private func discard(_ connection: Connection, before offset: Int) {
        guard let buffer = connection.buffer else { return }
        if buffer.count == offset { return release(connection) }
        heldBytes -= buffer.capacity
        buffer.discard(before: offset)
        heldBytes += buffer.capacity
    }

    /// Once in a while: what has taken too long, and accepting that paused.
    private func tick() {
        nextTick = now + EventLoop.tickNanoseconds
        for slot in connections.indices {
            guard let connection = connections[slot], connection.deadline <= now else { continue }
            expire(slot, connection)
        }
        finishRounds()
        if acceptPausedUntil != 0 && acceptPausedUntil <= now {
            acceptPausedUntil = 0
            watchListeners()
        }
    }

    private func expire(_ slot: Int, _ connection: Connection) {
        switch connection.phase {
        case .handling: return
        case .lingering: drop(slot)
        case .head where connection.buffer == nil: drop(slot)
        case .head, .body, .chunks:
            refuse(
                slot, connection,
                Refusal(408, "the request took too long", hint: "send headers and body without delay"))
        }
    }

    private func receive(_ slot: Int, _ connection: Connection) {
        switch connection.phase {
        case .lingering: return linger(slot, connection)
        case .handling:
            // Nothing may be read now; the kernel is asked to be quiet until the answer is out.
            return watch(slot, connection, for: 0)
        case .head, .body, .chunks: break
        }
        let buffer: ReceiveBuffer
        if let present = connection.buffer {
            buffer = present
        } else {
            buffer = ReceiveBuffer()
            heldBytes += buffer.capacity
            connection.buffer = buffer
            connection.parser.reset(at: 0)
            connection.deadline = now + headerNanoseconds
        }
        let room = buffer.free
        if room.isEmpty { return advance(slot, connection) }
        let count = recv(connection.descriptor, room.baseAddress, room.count, 0)
        if count > 0 {
            buffer.filled(count)
            advance(slot, connection)
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            drop(slot)
        } else if buffer.count == 0 {
            release(connection)
            connection.deadline = now + idleNanoseconds
        }
    }

    private func linger(_ slot: Int, _ connection: Connection) {
        let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) {
            recv(connection.descriptor, $0.baseAddress, $0.count, 0)
        }
        if count > 0 {
            connection.lingered += count
            if connection.lingered > EventLoop.lingerLimitBytes { drop(slot) }
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            drop(slot)
        }
    }

    /// Goes on with what the buffer holds: a head, a body, or the next request.
    private func advance(_ slot: Int, _ connection: Connection) {
        do throws(Refusal) {
            guard let buffer = connection.buffer else { return }
            if case .head = connection.phase {
                guard let parsed = try connection.parser.parse(buffer.received, peer: connection.peer) else {
                    if buffer.free.isEmpty { try grow(connection, to: limits.headerBytes + ReceiveBuffer.initialBytes) }
                    watch(slot, connection, for: EPOLLIN.rawValue)
                    return
                }
                guard try begin(slot, connection, parsed) else { return }
            }
            guard try bodyIsWhole(connection) else { return watch(slot, connection, for: EPOLLIN.rawValue) }
            hand(slot, connection)
        } catch {
            refuse(slot, connection, error)
        }
    }

    /// Has the head judged. Answers whether the body is wanted.
    private func begin(_ slot: Int, _ connection: Connection, _ parsed: HeadParser.Parsed) throws(Refusal) -> Bool {
        guard let handler else { return false }
        connection.parsed = parsed
        connection.deadline = now + bodyNanoseconds
        switch handler.judge(parsed.head) {
        case .refuse(let response):
            answerAtOnce(slot, connection, parsed, response)
            return false
        case .readBody(let limitBytes):
            connection.bodyLimitBytes = limitBytes
            let buffered = connection.buffer?.count ?? 0
            switch parsed.framing {
            case .none: connection.phase = .body(end: parsed.end)
            case .length(let length):
                guard length <= limitBytes else {
                    throw Refusal(413, "the body is too long", hint: "a body has at most \(limitBytes) bytes")
                }
                try grow(connection, to: parsed.end + length)
                connection.phase = .body(end: parsed.end + length)
            case .chunked: connection.phase = .chunks(ChunkedBody(at: parsed.end))
            }
            if parsed.expectsContinue && buffered == parsed.end && parsed.framing != .none {
                connection.output += "HTTP/1.1 100 Continue\r\n\r\n".utf8
                flush(slot, connection)
            }
            return connections[slot] === connection
        }
    }

    /// Answers a request whose body is not wanted. Where a body is on its way, the connection ends with the answer.
    private func answerAtOnce(
        _ slot: Int, _ connection: Connection, _ parsed: HeadParser.Parsed, _ response: Response
    ) {
        let hasBody = parsed.framing != .none && parsed.framing != .length(0)
        let closes = hasBody || !parsed.keepsAlive || stopDeadline != nil
        writer.append(response, to: &connection.output, closing: closes, withoutBody: parsed.head.method == .head)
        connection.parsed = nil
        if closes {
            beginLingering(slot, connection)
        } else {
            discard(connection, before: parsed.end)
            connection.parser.reset(at: 0)
            connection.deadline = now + idleNanoseconds
            queueReady(slot, connection)
        }
        toFlush.append(slot)
    }

    private func grow(_ connection: Connection, to bytes: Int) throws(Refusal) {
        guard let buffer = connection.buffer, bytes > buffer.capacity else { return }
        guard heldBytes + bytes - buffer.capacity <= limits.memoryBytes else {
            throw Refusal(503, "too many bodies are on their way at once", hint: "try again in a moment")
        }
        heldBytes -= buffer.capacity
        buffer.grow(to: bytes)
        heldBytes += buffer.capacity
        // The head's places stay, but its bytes have moved.
        connection.parsed?.head.bytes = buffer.received
    }

    private func bodyIsWhole(_ connection: Connection) throws(Refusal) -> Bool {
        guard let buffer = connection.buffer else { return false }
        switch connection.phase {
        case .body(let end):
            guard buffer.count >= end else { return false }
            connection.requestEnd = end
            return true
        case .chunks(var chunks):
            let isWhole = try chunks.decode(buffer.receivedMutable, limitBytes: connection.bodyLimitBytes)
            if isWhole {
                connection.phase = .chunks(chunks)
                connection.requestEnd = chunks.position
                return true
            }
            // However small the chunks are, the buffer holds little more than the body.
            buffer.remove(chunks.gap)
            chunks.closeGap()
            connection.phase = .chunks(chunks)
            let limit = connection.bodyLimitBytes + limits.headerBytes + ReceiveBuffer.initialBytes
            if buffer.free.isEmpty { try grow(connection, to: min(buffer.capacity * 2, limit * 2)) }
            return false
        case .head, .handling, .lingering: return false
        }
    }

    private func hand(_ slot: Int, _ connection: Connection) {
        guard let buffer = connection.buffer, var parsed = connection.parsed else { return }
        let body: Range<Int>
        if case .chunks(let chunks) = connection.phase {
            body = chunks.start..<chunks.decodedEnd
        } else {
            body = parsed.end..<connection.requestEnd
        }
        parsed.head.bytes = buffer.received
        connection.parsed = parsed
        connection.phase = .handling
        let request = Request(head: parsed.head, body: UnsafeRawBufferPointer(rebasing: buffer.received[body]))
        handler?.handle(request, on: Exchange(slot: slot, generation: connection.generation))
    }

    private func refuse(_ slot: Int, _ connection: Connection, _ refusal: Refusal) {
        writer.append(
            refusal.response, to: &connection.output, closing: true,
            withoutBody: connection.parsed?.head.method == .head)
        connection.parsed = nil
        beginLingering(slot, connection)
        toFlush.append(slot)
    }

    private func beginLingering(_ slot: Int, _ connection: Connection) {
        release(connection)
        connection.phase = .lingering
        connection.deadline = now + EventLoop.lingerNanoseconds
        connection.closesAfterOutput = true
    }

    private func flush(_ slot: Int, _ connection: Connection) {
        let result = connection.output.withUnsafeBytes { bytes in
            send(
                connection.descriptor, bytes.baseAddress! + connection.sent, bytes.count - connection.sent,
                Int32(MSG_NOSIGNAL))
        }
        if result < 0 && errno != EAGAIN && errno != EINTR { return drop(slot) }
        connection.sent += max(0, result)
        guard connection.sent == connection.output.count else {
            return watch(slot, connection, for: EPOLLOUT.rawValue)
        }
        connection.sent = 0
        connection.output.removeAll(keepingCapacity: connection.output.capacity <= 4096)
        if connection.closesAfterOutput || (stopDeadline != nil && connection.isIdle) {
            // The client reads our answer before it meets a reset: close our side, and read on for a while (RFC 9112 §9.6).
            shutdown(connection.descriptor, Int32(SHUT_WR))
            if case .lingering = connection.phase {} else { beginLingering(slot, connection) }
        }
        if case .handling = connection.phase {
            // There is always room for output now: to watch for it on would keep the loop from resting.
            return watch(slot, connection, for: connection.interest & ~EPOLLOUT.rawValue)
        }
        if case .head = connection.phase, connection.buffer != nil {
            // The next request began behind the one that was answered: its time runs from here.
            connection.deadline = now + headerNanoseconds
        }
        watch(slot, connection, for: EPOLLIN.rawValue)
    }
}

extension Duration {
    /// Nanoseconds, rounded down; at most about 292 years.
    fileprivate var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 2 : product + attoseconds / 1_000_000_000
    }
}
