import CPlatform
import Glibc

/// What a connection sends, from the first byte of a head to the last of its answer.
extension EventLoop {
    func receive(_ slot: Int, _ connection: Connection) {
        switch connection.phase {
        case .lingering: return linger(slot, connection)
        case .proxyHeader: return receiveProxyHeader(slot, connection)
        case .handling:
            // Nothing may be read now; the kernel is asked to be quiet until the answer is out.
            return watch(slot, connection, for: 0)
        case .head, .body, .chunks: break
        }
        let buffer: ReceiveBuffer
        if let present = connection.buffer {
            buffer = present
        } else {
            guard occupancy.canHold(ReceiveBuffer.initialBytes) else {
                return refuse(slot, connection, .outOfMemory)
            }
            buffer = spareBuffers.popLast() ?? ReceiveBuffer()
            occupancy.hold(buffer.capacity)
            connection.buffer = buffer
            connection.parser.reset(at: 0)
            if connection.isEstablished { connection.deadline = now + headerNanoseconds }
        }
        let room = buffer.free
        guard !room.isEmpty, let count = connection.read(into: room) else {
            if !room.isEmpty { return receivedNothing(slot, connection, buffer) }
            advance(slot, connection)
            return receiveRest(slot, connection)
        }
        if count > 0 {
            buffer.filled(count)
            advance(slot, connection)
            receiveRest(slot, connection)
        } else if connection.tls?.isPlainHTTP == true {
            connection.tls = nil
            refuse(slot, connection, .malformed("this listener speaks HTTPS", "begin the address with https://"))
        } else {
            drop(slot)
        }
    }

    /// The kernel has no more for now.
    private func receivedNothing(_ slot: Int, _ connection: Connection, _ buffer: ReceiveBuffer) {
        if buffer.count == 0 {
            release(connection)
            if connection.isEstablished { connection.deadline = now + idleNanoseconds }
        }
        if let tls = connection.tls {
            watch(slot, connection, for: EPOLLIN.rawValue | (tls.wantsToWrite ? EPOLLOUT.rawValue : 0))
        }
    }

    /// TLS may have read more from the socket than there was room for.
    private func receiveRest(_ slot: Int, _ connection: Connection) {
        guard connection.hasPending, connections[slot] === connection else { return }
        queueReady(slot, connection)
    }

    func linger(_ slot: Int, _ connection: Connection) {
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
    func advance(_ slot: Int, _ connection: Connection) {
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
    func begin(_ slot: Int, _ connection: Connection, _ parsed: consuming HeadParser.Parsed) throws(Refusal) -> Bool {
        guard let handler else { return false }
        connection.isFresh = false
        connection.deadline = now + bodyNanoseconds
        let verdict =
            parsed.isForServer ? .refuse(Response(status: 204, body: [])) : handler.judge(parsed.head)
        switch verdict {
        case .refuse(let response):
            answerAtOnce(slot, connection, parsed, response)
            return false
        case .readBody(let limitBytes):
            let (framing, end, expectsContinue) = (parsed.framing, parsed.end, parsed.expectsContinue)
            connection.parsed = parsed
            connection.bodyLimitBytes = limitBytes
            let buffered = connection.buffer?.count ?? 0
            switch framing {
            case .none: connection.phase = .body(end: end)
            case .length(let length):
                guard length <= limitBytes else {
                    throw Refusal(413, "the body is too long", hint: "a body has at most \(limitBytes) bytes")
                }
                guard occupancy.canHold(end + length - (connection.buffer?.capacity ?? 0)) else {
                    throw .outOfMemory
                }
                connection.phase = .body(end: end + length)
            case .chunked: connection.phase = .chunks(ChunkedBody(at: end))
            }
            if expectsContinue && buffered == end && framing != .none {
                connection.output += "HTTP/1.1 100 Continue\r\n\r\n".utf8
                flush(slot, connection)
            }
            return connections[slot] === connection
        }
    }

    /// Answers a request whose body is not wanted. Where a body is on its way, the connection ends with the answer.
    func answerAtOnce(
        _ slot: Int, _ connection: Connection, _ parsed: HeadParser.Parsed, _ response: Response
    ) {
        refusals.count(response.status)
        let hasBody = parsed.framing != .none && parsed.framing != .length(0)
        let closes = hasBody || !parsed.keepsAlive || stopDeadline != nil
        connection.unreadAnswers += 1
        writer.append(
            response, to: &connection.output, closing: closes, sayingKeepAlive: parsed.saysKeepAlive,
            withoutBody: parsed.head.method == .head)
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

    func grow(_ connection: Connection, to bytes: Int) throws(Refusal) {
        guard let buffer = connection.buffer, bytes > buffer.capacity else { return }
        guard occupancy.canHold(bytes - buffer.capacity) else { throw .outOfMemory }
        occupancy.hold(bytes - buffer.capacity)
        buffer.grow(to: bytes)
        // The head's places stay, but its bytes have moved.
        connection.parsed?.head.bytes = buffer.received
    }

    func bodyIsWhole(_ connection: Connection) throws(Refusal) -> Bool {
        guard let buffer = connection.buffer else { return false }
        switch connection.phase {
        case .body(let end):
            guard buffer.count < end else {
                connection.requestEnd = end
                return true
            }
            // What a client only announces takes no memory from those that send.
            if buffer.free.isEmpty { try grow(connection, to: min(buffer.capacity * 4, end)) }
            return false
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
        case .proxyHeader, .head, .handling, .lingering: return false
        }
    }

    func hand(_ slot: Int, _ connection: Connection) {
        guard let buffer = connection.buffer else { return }
        // The parsed head is changed where it stands: a copy would count references.
        connection.parsed?.head.bytes = buffer.received
        guard let head = connection.parsed?.head, let end = connection.parsed?.end,
            let keepsAlive = connection.parsed?.keepsAlive, let saysKeepAlive = connection.parsed?.saysKeepAlive
        else { return }
        let body: Range<Int>
        if case .chunks(let chunks) = connection.phase {
            body = chunks.start..<chunks.decodedEnd
        } else {
            body = end..<connection.requestEnd
        }
        connection.phase = .handling(
            .init(keepsAlive: keepsAlive, saysKeepAlive: saysKeepAlive, isHead: head.method == .head))
        let request = Request(head: head, body: UnsafeRawBufferPointer(rebasing: buffer.received[body]))
        handed += 1
        handler?.handle(request, on: Exchange(slot: slot, generation: connection.generation))
    }

    func refuse(_ slot: Int, _ connection: Connection, _ refusal: Refusal) {
        // Before the keys are agreed on there is no way to say it.
        guard connection.isEstablished else { return drop(slot) }
        refusals.count(refusal.status)
        writer.append(
            refusal.response, to: &connection.output, closing: true,
            withoutBody: connection.parsed?.head.method == .head)
        connection.parsed = nil
        beginLingering(slot, connection)
        toFlush.append(slot)
    }

    func beginLingering(_ slot: Int, _ connection: Connection) {
        release(connection)
        connection.phase = .lingering
        connection.deadline = now + EventLoop.lingerNanoseconds
        connection.closesAfterOutput = true
    }

    func flush(_ slot: Int, _ connection: Connection) {
        guard connection.sendOutput() else { return drop(slot) }
        guard connection.sent == connection.output.count else {
            return watch(slot, connection, for: EPOLLOUT.rawValue)
        }
        connection.sent = 0
        connection.unreadAnswers = 0
        connection.output.removeAll(keepingCapacity: connection.output.capacity <= 4096)
        if connection.closesAfterOutput || (stopDeadline != nil && connection.isIdle) {
            // The client reads our answer before it meets a reset: close our side, and read on for a while (RFC 9112 §9.6).
            connection.tls?.sayGoodbye()
            shutdown(connection.descriptor, Int32(SHUT_WR))
            // Answered early: it has what it gets, and goes when its bytes are nobody's any more.
            if connection.isAnsweredEarly, case .handling = connection.phase { return drop(slot) }
            if case .lingering = connection.phase {} else { beginLingering(slot, connection) }
        }
        if case .handling = connection.phase {
            // There is always room for output now: to watch for it on would keep the loop from resting.
            return watch(slot, connection, for: connection.interest & ~EPOLLOUT.rawValue)
        }
        if case .head = connection.phase, connection.buffer != nil {
            // The next request began behind the one that was answered: its time runs from here.
            connection.deadline = now + headerNanoseconds
            if connection.isHeldBack {
                connection.isHeldBack = false
                queueReady(slot, connection)
            }
        }
        watch(slot, connection, for: EPOLLIN.rawValue)
    }
}
