import CPlatform
import Glibc

/// What a round consists of: what has become ready, work of other threads, pipelined requests and answers.
extension EventLoop {
    func doWork() {
        let blocks = work.withLock { work in
            defer { work = [] }
            return work
        }
        for block in blocks { block() }
    }

    func handle(_ event: UnsafePointer<epoll_event>) {
        let token = hs_epoll_token(event)
        if token == EventLoop.wakeUpToken {
            var value: UInt64 = 0
            read(wakeUp, &value, 8)
            hadWork = true
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
            if bits & ~EPOLLOUT.rawValue != 0 || connection.tls?.wantsToWrite == true { receive(slot, connection) }
        }
    }

    /// Goes on with pipelined requests, writes the answers, and lets the handler commit what has come.
    func finishRound() {
        repeat {
            goOn()
            calls = handed == 0 && !hadWork || calls >= EventLoop.callsAtOnce ? 0 : calls + handed + 1
            (handed, hadWork) = (0, false)
            handler?.roundEnded(isCalm: calls == 0)
        } while !ready.isEmpty || !toFlush.isEmpty
    }

    private func goOn() {
        while !ready.isEmpty || !toFlush.isEmpty {
            while !ready.isEmpty {
                let slots = ready
                ready.removeAll(keepingCapacity: true)
                for slot in slots {
                    guard let connection = connections[slot] else { continue }
                    connection.isQueued = false
                    if connection.unreadAnswers >= EventLoop.unreadAnswersLimit && !connection.output.isEmpty {
                        connection.isHeldBack = true
                    } else if connection.hasPending {
                        receive(slot, connection)
                    } else {
                        advance(slot, connection)
                    }
                }
            }
            let slots = toFlush
            toFlush.removeAll(keepingCapacity: true)
            for slot in slots {
                if let connection = connections[slot], !connection.output.isEmpty { flush(slot, connection) }
            }
        }
    }

    func queueReady(_ slot: Int, _ connection: Connection) {
        guard connection.buffer != nil || connection.hasPending, !connection.isQueued else { return }
        connection.isQueued = true
        ready.append(slot)
    }
}
