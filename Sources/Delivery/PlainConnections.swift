import CPlatform
import Glibc

/// The loop's plain connections, by their sockets, and the time of what is under way on them. Belongs to the loop's thread.
final class PlainConnections {
    /// A socket's token in the epoll is its number and this, which tells it from those that are libcurl's.
    static let mark: UInt64 = 1 << 40
    /// How many connections may wait for a request, in all; one that is done goes where there are more.
    static let idleLimit = 1024
    /// For how long a connection waits for a request where the endpoint doesn't say for how long it may, in milliseconds: less than
    /// servers commonly allow, 5 s being the shortest of them.
    static let idleMilliseconds: Int64 = 4_000
    /// For how long it waits at the most, whatever the endpoint says, in milliseconds.
    static let longestIdleMilliseconds: Int64 = 118_000
    /// How often connections that have waited too long are looked for, in milliseconds.
    static let sweepMilliseconds: Int64 = 10_000
    /// How much of an answer is read in one go, in bytes.
    static let readBytes = 64 << 10

    private let epoll: Int32
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PlainConnections.readBytes, alignment: 16)
    private var open: [PlainConnection?] = []
    private var pools: [WeakPool] = []
    private var count = 0
    private var idleCount = 0
    private var ended: [(request: TransferRequest, ending: AttemptEnding)] = []
    private var stale: [(request: TransferRequest, dueAt: Int64)] = []
    /// Counts the times that the epoll was asked; whether it told all that there was the last time.
    private var survey = 0
    private var isSurveyWhole = false
    /// When something is to be looked at again, by the steady clock in milliseconds: never later than what is due first.
    private(set) var wakeAt: Int64 = .max

    /// Endpoints and connections hold a pool; it goes with the last of them.
    private struct WeakPool {
        weak var pool: PlainPool?
    }

    init(epoll: Int32) {
        self.epoll = epoll
    }

    deinit { buffer.deallocate() }

    /// What has come to its end since this was asked for last.
    func takeEnded() -> [(request: TransferRequest, ending: AttemptEnding)] {
        defer { ended.removeAll(keepingCapacity: true) }
        return ended
    }

    /// What could not be written on a connection that had been kept, and goes out on one that is yet to be made.
    func takeStale() -> [(request: TransferRequest, dueAt: Int64)] {
        defer { stale = [] }
        return stale
    }

    /// The epoll was asked for what is ready, and told all of it, or as much as it was asked for.
    func surveyed(isWhole: Bool) {
        survey += 1
        isSurveyWhole = isWhole
    }

    /// Sends a request on a connection that waits for one; false if there is none.
    func start(_ request: TransferRequest, dueAt: Int64, now: Int64) -> Bool {
        guard let endpoint = request.plain else { return false }
        let pool = pool(of: endpoint)
        while let connection = pool.idle.popLast() {
            idleCount -= 1
            // What has waited since before the epoll was asked last has no news of which it did not tell.
            let isQuiet = isSurveyWhole && connection.endedInSurvey < survey
            if connection.isTooOld(now) || !isQuiet && connection.hasNews {
                close(connection)
                continue
            }
            go(connection, connection.start(request, dueAt: dueAt), now: now)
            return true
        }
        return false
    }

    /// Sends a request on a connection that has just been made for it.
    func add(_ socket: Int32, _ request: TransferRequest, dueAt: Int64, now: Int64) {
        guard let endpoint = request.plain else { return }
        let connection = PlainConnection(socket, to: endpoint.host, of: pool(of: endpoint), now: now)
        while open.count <= Int(socket) { open.append(nil) }
        open[Int(socket)] = connection
        count += 1
        _ = hs_epoll_control(
            epoll, 1, socket, UInt32(EPOLLIN.rawValue), UInt64(UInt32(bitPattern: socket)) | PlainConnections.mark)
        wakeAt = min(wakeAt, now + PlainConnections.sweepMilliseconds)
        go(connection, connection.start(request, dueAt: dueAt), now: now)
    }

    /// A socket is ready.
    func ready(_ token: UInt64, _ events: UInt32, now: Int64) {
        let socket = Int(token & ~PlainConnections.mark)
        guard socket < open.count, let connection = open[socket] else { return }
        guard connection.request != nil else {
            // It was closed while it waited, or sends what nobody has asked for.
            return leave(connection)
        }
        if events & UInt32(EPOLLOUT.rawValue) != 0 && connection.isBlocked {
            go(connection, connection.write(), now: now)
        }
        if events & ~UInt32(EPOLLOUT.rawValue) != 0 && connection.request != nil {
            go(connection, connection.read(buffer), now: now)
        }
    }

    /// Ends what is late and closes what has waited too long.
    func tick(now: Int64) {
        wakeAt = count > 0 ? now + PlainConnections.sweepMilliseconds : .max
        for case let connection? in open {
            guard let request = connection.request else {
                if connection.isTooOld(now) { leave(connection) }
                continue
            }
            if connection.dueAt <= now {
                end(connection, connection.timeout(request.timeoutMilliseconds), now: now, isKept: false)
            } else {
                wakeAt = min(wakeAt, connection.dueAt)
            }
        }
    }

    /// Ends what is under way for somebody, or (`nil`) everything, as not made.
    func cancel(_ owner: (any TransferOwner)?, now: Int64) {
        for case let connection? in open {
            if let request = connection.request, owner == nil || request.owner === owner {
                end(connection, .cancelled, now: now, isKept: false)
            } else if owner == nil {
                leave(connection)
            }
        }
    }

    private func pool(of endpoint: PlainEndpoint) -> PlainPool {
        if let pool = endpoint.pool { return pool }
        pools.removeAll { $0.pool == nil }
        let pool = pools.first { $0.pool?.serves(endpoint) == true }?.pool ?? PlainPool(of: endpoint)
        if !pools.contains(where: { $0.pool === pool }) { pools.append(WeakPool(pool: pool)) }
        endpoint.pool = pool
        return pool
    }

    private func go(_ connection: PlainConnection, _ outcome: PlainConnection.Outcome, now: Int64) {
        let isWatched = connection.isWatchedForWriting
        switch outcome {
        case .waiting:
            wakeAt = min(wakeAt, connection.dueAt)
            guard connection.isBlocked != isWatched else { return }
            connection.isWatchedForWriting = connection.isBlocked
            let events = EPOLLIN.rawValue | (connection.isBlocked ? EPOLLOUT.rawValue : 0)
            let token = UInt64(UInt32(bitPattern: connection.socket)) | PlainConnections.mark
            _ = hs_epoll_control(epoll, 3, connection.socket, UInt32(events), token)
        case .ended(let ending):
            end(connection, ending, now: now, isKept: !isWatched)
        case .stale(let request):
            let dueAt = connection.dueAt
            close(connection)
            stale.append((request, dueAt))
        }
    }

    private func end(_ connection: PlainConnection, _ ending: AttemptEnding, now: Int64, isKept: Bool) {
        guard let request = connection.request else { return }
        connection.finish(now: now)
        connection.endedInSurvey = survey
        if isKept, connection.isReusable, case .answered = ending, idleCount < PlainConnections.idleLimit {
            connection.pool.idle.append(connection)
            idleCount += 1
        } else {
            close(connection)
        }
        ended.append((request, ending))
    }

    /// Closes a connection that waits for a request.
    private func leave(_ connection: PlainConnection) {
        if let place = connection.pool.idle.firstIndex(where: { $0 === connection }) {
            connection.pool.idle.remove(at: place)
            idleCount -= 1
        }
        close(connection)
    }

    private func close(_ connection: PlainConnection) {
        open[Int(connection.socket)] = nil
        count -= 1
        // The epoll lets go of it by itself.
        Glibc.close(connection.socket)
    }
}
