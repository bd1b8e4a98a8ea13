import CPlatform
import Dispatch
import Glibc
import Platform
import Synchronization

/// A connection to one of several NATS servers, made anew whenever it ends, on a thread with an epoll of its own.
///
/// Unchecked: everything but `perform`, `start` and `stop` belongs to the client's thread; what they touch is immutable or
/// has a lock.
public final class Client: @unchecked Sendable {
    /// How often time is looked at, in milliseconds.
    public static let tickMilliseconds: Int64 = 100
    /// How much is read at once, in bytes.
    private static let readBytes = 256 << 10
    private static let bellToken: UInt64 = .max

    /// How far a connection has come.
    enum Phase {
        /// None is there; another is tried not before this time.
        case waiting(until: Int64)
        case resolving
        case connecting
        /// Waits for the server's `INFO`.
        case greeting
        /// Waits for the answer to the first `PING`: then the introduction was accepted.
        case introduced
        case ready
    }

    let settings: ClientSettings
    let tls: ClientTLS?
    /// Where answers to this client go: a subject, of which it may use all those below.
    public let inbox: String
    /// What the subjects of answers to requests begin with.
    let requestPrefix: String
    weak var owner: (any ClientOwner)?

    private let epoll: Int32
    private let bell: Int32
    private let work = Mutex<[@Sendable () -> Void]>([])
    private let buffer: UnsafeMutableRawBufferPointer
    private let thread = Mutex<LoopThread?>(nil)

    var pool: ServerPool
    var phase = Phase.waiting(until: 0)
    var address: ServerAddress?
    /// A name's addresses that are still to be tried.
    var resolved: [ResolvedAddress] = []
    var channel: Channel?
    /// Counts connections, so that what was begun for one is not done to another.
    var generation: UInt64 = 0
    var deadline: Int64 = 0
    var reader = ProtocolReader(payloadLimitBytes: ClientSettings.messageLimitBytes)
    var pingAt: Int64 = 0
    var unansweredPings = 0
    var lastError: String?
    /// What the server said of itself last.
    public internal(set) var info: ServerInfo?
    var requests: [UInt64: PendingRequest] = [:]
    var nextRequest: UInt64 = 1
    private var output: [UInt8] = []
    private var sent = 0
    private var watches: UInt32 = 0
    private var isDone = false

    /// A client that is not started yet.
    /// - Throws: `NATSFault` of the kind `ours` if TLS's files can't be used, `later` if the process lacks descriptors.
    public init(_ settings: ClientSettings) throws(NATSFault) {
        self.settings = settings
        let wantsTLS = settings.tls != nil || settings.servers.contains { $0.isTLS }
        tls = wantsTLS ? try ClientTLS(settings.tls ?? ClientSettings.TLS()) : nil
        pool = ServerPool(settings.servers, first: settings.first)
        inbox = "_INBOX.\(String(UInt64.random(in: .min ... .max), radix: 36))"
        requestPrefix = inbox + ".r."
        epoll = hs_epoll_create()
        bell = hs_eventfd()
        buffer = .allocate(byteCount: Client.readBytes, alignment: 16)
        guard hs_epoll_control(epoll, EPOLL_CTL_ADD, bell, EPOLLIN.rawValue, Client.bellToken) == 0 else {
            throw NATSFault(.later, "no descriptor is left for the brokers' connection")
        }
    }

    deinit {
        close(epoll)
        close(bell)
        buffer.deallocate()
    }

    /// Starts the thread, which connects; `owner` hears of it. False if the process may have no more threads.
    public func start(owner: any ClientOwner) -> Bool {
        let made = LoopThread(name: "nats") { [self, weak owner] in
            self.owner = owner
            run()
        }
        thread.withLock { $0 = made }
        return made != nil
    }

    /// Has work done on the client's thread, soon. From any thread.
    public func perform(_ block: @escaping @Sendable () -> Void) {
        let isFirst = work.withLock { work in
            work.append(block)
            return work.count == 1
        }
        guard isFirst else { return }
        var one: UInt64 = 1
        write(bell, &one, 8)
    }

    /// Sends what waits, closes the connection, and ends the thread. From any other thread.
    public func stop() {
        perform { [self] in
            flush()
            isDone = true
        }
        thread.withLock { $0.take() }?.join()
    }

    /// Whether a connection stands. On the client's thread.
    public var isConnected: Bool { if case .ready = phase { true } else { false } }

    /// How many bytes wait to be sent. On the client's thread.
    public var waitingBytes: Int { output.count - sent }

    /// Sends what a `ProtocolWriter` has written, in order. False, and nothing is sent, without a connection, or if too much
    /// waits. On the client's thread.
    @discardableResult
    public func send(_ bytes: [UInt8]) -> Bool {
        guard isConnected, waitingBytes + bytes.count <= ClientSettings.outputLimitBytes else { return false }
        output += bytes
        return true
    }

    /// Sends before the connection is ready.
    func say(_ write: (inout ProtocolWriter) -> Void) {
        var writer = ProtocolWriter()
        write(&writer)
        output += writer.bytes
    }

    private func run() {
        let capacity = 8
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
        defer { events.deallocate() }
        var nextTick: Int64 = 0
        while !isDone {
            let count = hs_epoll_wait(epoll, events, Int32(capacity), Int32(Client.tickMilliseconds))
            let now = hs_monotonic_ns() / 1_000_000
            for index in 0..<Int(max(0, count)) {
                let token = hs_epoll_token(events + index)
                if token == Client.bellToken {
                    var value: UInt64 = 0
                    read(bell, &value, 8)
                } else if token == generation {
                    ready(now: now)
                }
            }
            let blocks = work.withLock { work in
                defer { work = [] }
                return work
            }
            for block in blocks { block() }
            if now >= nextTick {
                nextTick = now + Client.tickMilliseconds
                passTime(now: now)
            }
            flush()
        }
        channel = nil
    }

    private func ready(now: Int64) {
        switch phase {
        case .waiting, .resolving: return
        case .connecting: connectEnded(now: now)
        case .greeting, .introduced, .ready: receive(now: now)
        }
    }

    private func receive(now: Int64) {
        let current = generation
        defer { owner?.receivedAll() }
        while let channel, generation == current {
            guard let count = channel.read(into: buffer) else { return }
            guard count > 0 else {
                return lose(
                    NATSFault(.later, lastError ?? channel.certificateFault ?? "the connection ended"), now: now)
            }
            reader.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            do throws(ProtocolFault) {
                while generation == current, let event = try reader.next() { take(event, now: now) }
            } catch {
                return lose(NATSFault(.later, "what came is not the NATS protocol: \(error)"), now: now)
            }
            // A plain socket tells again of what is left; what TLS holds nobody tells of.
            if count < buffer.count && !channel.isSecure { return }
        }
    }

    private func flush() {
        guard let channel else { return }
        if case .connecting = phase { return }
        while sent < output.count {
            let written = output.withUnsafeBytes { channel.write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            guard let written else {
                let fault = lastError ?? channel.certificateFault ?? "the connection broke"
                return lose(NATSFault(.later, fault), now: hs_monotonic_ns() / 1_000_000)
            }
            if written == 0 { break }
            sent += written
        }
        if sent == output.count {
            output.removeAll(keepingCapacity: output.capacity <= 4 << 20)
            sent = 0
        } else if sent > 1 << 20 {
            output.removeFirst(sent)
            sent = 0
        }
        let isBlocked = sent < output.count || channel.wantsToWrite
        watch(EPOLLIN.rawValue | (isBlocked ? EPOLLOUT.rawValue : 0))
    }

    /// Has the epoll tell of a new connection.
    func adopt(_ channel: Channel) -> Bool {
        self.channel = channel
        output.removeAll()
        sent = 0
        reader = ProtocolReader(payloadLimitBytes: ClientSettings.messageLimitBytes)
        generation += 1
        watches = EPOLLOUT.rawValue
        return hs_epoll_control(epoll, EPOLL_CTL_ADD, channel.descriptor, watches, generation) == 0
    }

    func watch(_ interest: UInt32) {
        guard let channel, watches != interest else { return }
        watches = interest
        _ = hs_epoll_control(epoll, EPOLL_CTL_MOD, channel.descriptor, interest, generation)
    }

    /// Lets go of a connection and of what waited to be sent on it.
    func abandon() {
        channel = nil
        generation += 1
        output.removeAll()
        sent = 0
    }
}
