import Platform

/// Event loops that listen at the same addresses and share one set of limits. May be used from any thread.
///
/// Each has a socket of its own for each address, between which the kernel spreads connections by chance; one that got
/// more than its share hands new ones on, so that all have the same number. A Unix socket, and one that the service manager
/// passed, there is only once: the loops take turns on it.
public final class LoopGroup: Sendable {
    /// The loops.
    public let loops: [EventLoop]
    /// What they hold together.
    public let occupancy: Occupancy
    /// Where they listen; port 0 has become the one that the kernel chose.
    public let addresses: [ListenAddress]

    /// So many loops that listen.
    ///
    /// `identity` is what those show their clients that speak TLS. Addresses must be free, but for `besideAnother`: then other processes of the same user may listen there too, for as
    /// long as one takes the other's place.
    /// - Throws: `ListenError` with the address that could not be had.
    public init(
        _ count: Int, listening wanted: [ListenerSettings], limits: ServerLimits,
        identity: CurrentIdentity? = nil, besideAnother: Bool = false,
        notice: @escaping @Sendable (EventLoop.Notice) -> Void
    ) throws(ListenError) {
        var listeners = [[Listener]](repeating: [], count: max(1, count))
        for settings in wanted {
            if !besideAnother { try Listener.checkIsFree(settings.address) }
            let first = try Listener(settings, isShared: true)
            var another = settings
            // Where any free port was asked for, all have the one that the first got.
            another.address = first.address
            let isOwn = first.address.port != nil
            for index in listeners.indices {
                listeners[index].append(index == 0 || !isOwn ? first : try Listener(another, isShared: true))
            }
        }
        occupancy = Occupancy(limits)
        var loops: [EventLoop] = []
        for listeners in listeners {
            loops.append(
                EventLoop(
                    listening: listeners, limits: limits, occupancy: occupancy, identity: identity, notice: notice))
        }
        for loop in loops where loops.count > 1 { loop.siblings = loops.filter { $0 !== loop } }
        self.loops = loops
        addresses = listeners[0].map(\.address)
    }

    /// Has the first loop listen at one more address, from now on.
    /// - Throws: `ListenError` if that could not be had.
    public func listen(also settings: ListenerSettings) throws(ListenError) {
        loops[0].listen(at: try Listener(settings))
    }

    /// Starts the threads; `nil` if the process may have no more. `makeHandler` is called once on each.
    public func start(name: String, makeHandler: @escaping @Sendable (EventLoop) -> any RequestHandler) -> [LoopThread]?
    {
        var threads: [LoopThread] = []
        for (index, loop) in loops.enumerated() {
            let own = loops.count == 1 ? name : "\(name)-\(index + 1)"
            guard let thread = loop.start(name: own, makeHandler: makeHandler) else { return nil }
            threads.append(thread)
        }
        return threads
    }

    /// Stops accepting, answers what has been read, and ends the threads: see `EventLoop.stop`.
    ///
    /// Handing over, new connections are first turned to the process that listens beside this one, for as long as those
    /// take that are being made.
    public func stop(within grace: Duration, handingOver: Bool = false) {
        occupancy.beginStopping()
        for loop in loops {
            loop.stop(within: grace, divertingTo: handingOver ? loops.count : nil)
        }
    }
}
