import CPlatform
import Glibc

/// New connections, and the end of old ones.
extension EventLoop {
    func watchListeners() {
        for (index, listener) in listeners.enumerated() {
            _ = hs_epoll_control(
                epoll, EPOLL_CTL_ADD, listener.descriptor, EPOLLIN.rawValue,
                EventLoop.listenerTokens + UInt64(index))
        }
    }

    func pauseAccepting(for nanoseconds: Int64, _ reason: Notice) {
        if lastNotice.map({ now - $0 > EventLoop.noticeNanoseconds }) ?? true {
            lastNotice = now
            notice(reason)
        }
        guard acceptPausedUntil == 0 else { return }
        acceptPausedUntil = now + nanoseconds
        for listener in listeners { _ = hs_epoll_control(epoll, EPOLL_CTL_DEL, listener.descriptor, 0, 0) }
    }

    func accept(_ index: Int) {
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

    func adopt(_ descriptor: Int32, _ peer: PeerAddress) {
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

    func dropOldestIdle() -> Bool {
        var oldest: (slot: Int, deadline: Int64)?
        for (slot, connection) in connections.enumerated() {
            guard let connection, connection.isIdle, connection.deadline < oldest?.deadline ?? .max else { continue }
            oldest = (slot, connection.deadline)
        }
        guard let oldest else { return false }
        drop(oldest.slot)
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
        if limits.connectionsPerAddress != nil {
            perAddress[connection.peer, default: 1] -= 1
            if perAddress[connection.peer] == 0 { perAddress[connection.peer] = nil }
        }
        if acceptPausedUntil != 0 { acceptPausedUntil = now }
    }
}
