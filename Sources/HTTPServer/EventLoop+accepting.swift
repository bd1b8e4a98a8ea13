import CPlatform
import Glibc

/// New connections, and the end of old ones.
extension EventLoop {
    func watchListeners() {
        for index in listeners.indices { watchListener(index) }
    }

    private func watchListener(_ index: Int) {
        let listener = listeners[index]
        // One socket for several loops wakes one of them, not all (epoll_ctl(2)).
        let isShared = listener.address.port == nil
        _ = hs_epoll_control(
            epoll, EPOLL_CTL_ADD, listener.descriptor,
            EPOLLIN.rawValue | (isShared ? EPOLLEXCLUSIVE.rawValue : 0), EventLoop.listenerTokens + UInt64(index))
    }

    /// Listens at one more socket, unless the loop is about to end. From any thread.
    func listen(at listener: Listener) {
        perform { [self] in
            guard stopDeadline == nil else { return }
            listeners.append(listener)
            if acceptPausedUntil == 0 { watchListener(listeners.count - 1) }
        }
    }

    func tell(_ reason: Notice) {
        if let lastNotice, now - lastNotice <= EventLoop.noticeNanoseconds { return }
        lastNotice = now
        notice(reason)
    }

    func pauseAccepting(for nanoseconds: Int64, _ reason: Notice) {
        tell(reason)
        guard acceptPausedUntil == 0 else { return }
        acceptPausedUntil = now + nanoseconds
        for listener in listeners { _ = hs_epoll_control(epoll, EPOLL_CTL_DEL, listener.descriptor, 0, 0) }
    }

    /// Accepts what waits, in portions. False when nothing is left.
    @discardableResult
    func accept(_ index: Int) -> Bool {
        guard index < listeners.count else { return false }
        let listener = listeners[index]
        for _ in 0..<128 {
            guard acceptPausedUntil == 0 else { return false }
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let descriptor = hs_accept(listener.descriptor, &storage, &length)
            if descriptor < 0 {
                if errno == ECONNABORTED || errno == EINTR { continue }
                if errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM {
                    _ = dropOldestIdle()
                    pauseAccepting(for: EventLoop.tickNanoseconds, .outOfDescriptors)
                }
                return false
            }
            place(descriptor, PeerAddress(storage), listener.settings)
        }
        return true
    }

    /// Keeps a new connection, or hands it to the loop that has the fewest: chance alone would load one more than another.
    private func place(_ descriptor: Int32, _ peer: PeerAddress, _ settings: ListenerSettings) {
        var fewest = (load: load.load(ordering: .relaxed) - 1, loop: self)
        for sibling in siblings where !occupancy.isStopping {
            let load = sibling.load.load(ordering: .relaxed)
            if load < fewest.load { fewest = (load, sibling) }
        }
        let loop = fewest.loop
        loop.load.add(1, ordering: .relaxed)
        let others = ([self] + siblings).filter { $0 !== loop }
        if loop === self { return adopt(descriptor, peer, settings, others: others[...]) }
        loop.perform { loop.adopt(descriptor, peer, settings, others: others[...]) }
    }

    /// Makes a connection this loop's own. Past the limit one that is idle gives way: here or, if there is none, at one of
    /// `others`, which then has the new one.
    private func adopt(
        _ descriptor: Int32, _ peer: PeerAddress, _ settings: ListenerSettings, others: ArraySlice<EventLoop>
    ) {
        if peer != .local {
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        }
        // Asked before it is one of those that may have to give way.
        let hasPlace = occupancy.enter() || (dropOldestIdle() && occupancy.enter())
        if !hasPlace, let next = others.first, !occupancy.isStopping {
            load.subtract(1, ordering: .relaxed)
            next.load.add(1, ordering: .relaxed)
            return next.perform { next.adopt(descriptor, peer, settings, others: others.dropFirst()) }
        }
        let slot = freeSlots.popLast() ?? connections.count
        if slot == connections.count { connections.append(nil) }
        generations &+= 1
        let connection = Connection(
            descriptor, generation: generations, peer: peer, parser: HeadParser(limits),
            deadline: now + idleNanoseconds)
        connections[slot] = connection
        open += 1
        connection.interest = EPOLLIN.rawValue
        _ = hs_epoll_control(
            epoll, EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue,
            UInt64(connection.generation) << 32 | UInt64(slot))
        guard hasPlace else {
            tell(.outOfConnections)
            if settings.speaksTLS { connection.tls = identity?.current.session(on: descriptor) }
            return turnAway(slot, connection)
        }
        connection.hasPlace = true
        if settings.speaksTLS {
            guard let session = identity?.current.session(on: descriptor) else { return drop(slot) }
            connection.tls = session
            connection.deadline = now + headerNanoseconds
        }
        if settings.readsProxyHeader {
            connection.phase = .proxyHeader
            connection.deadline = now + headerNanoseconds
        } else if !enterByAddress(slot, connection) {
            return
        }
        // A client mostly sends at once: its request is often there already.
        receive(slot, connection)
    }

    /// Takes one of the address's places for a connection, or sends it away.
    func enterByAddress(_ slot: Int, _ connection: Connection) -> Bool {
        guard occupancy.enter(connection.peer) else {
            turnAway(slot, connection)
            return false
        }
        connection.hasAddressPlace = true
        return true
    }

    /// Answers 503 to a connection for which there is no place, without reading what it wants.
    private func turnAway(_ slot: Int, _ connection: Connection) {
        if connection.hasPlace { occupancy.leave() }
        connection.hasPlace = false
        turnedAway += 1
        refuse(slot, connection, .outOfPlaces)
        if turnedAway >= EventLoop.turnedAwayLimit {
            pauseAccepting(for: EventLoop.tickNanoseconds, .outOfConnections)
        }
    }

    /// Reads no further than the header goes: what follows it is the client's own.
    func receiveProxyHeader(_ slot: Int, _ connection: Connection) {
        let buffer = connection.buffer ?? ReceiveBuffer()
        if connection.buffer == nil {
            occupancy.hold(buffer.capacity)
            connection.buffer = buffer
        }
        let had = buffer.count
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer.free.prefix(ProxyHeader.limitBytes - had))
        let count = recv(connection.descriptor, room.baseAddress, room.count, Int32(MSG_PEEK))
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return }
        guard count > 0 else { return drop(slot) }
        do throws(ProxyHeader.Malformed) {
            let seen = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer.memory)[..<(had + count)])
            let header = try ProxyHeader.read(seen)
            let taken = (header?.length ?? seen.count) - had
            guard recv(connection.descriptor, room.baseAddress, taken, 0) == taken else { return drop(slot) }
            buffer.filled(taken)
            guard let header else { return }
            release(connection)
            connection.phase = .head
            connection.deadline = now + (connection.isEstablished ? idleNanoseconds : headerNanoseconds)
            if let client = header.client { connection.peer = client }
            if enterByAddress(slot, connection) { receive(slot, connection) }
        } catch {
            drop(slot)
        }
    }

    func dropOldestIdle() -> Bool {
        guard let slot = idleCandidates.next(among: connections, now: now) else { return false }
        drop(slot)
        return true
    }

    func drop(_ slot: Int) {
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

    func remove(_ slot: Int, _ connection: Connection) {
        release(connection)
        close(connection.descriptor)
        connections[slot] = nil
        freeSlots.append(slot)
        open -= 1
        load.subtract(1, ordering: .relaxed)
        if connection.hasPlace { occupancy.leave() } else { turnedAway -= 1 }
        if connection.hasAddressPlace { occupancy.leave(connection.peer) }
        if acceptPausedUntil != 0 { acceptPausedUntil = now }
    }
}
