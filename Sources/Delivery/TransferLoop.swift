import CCurl
import CPlatform
import Glibc
import Platform

/// All HTTP attempts: libcurl's multi interface on one thread with an epoll of its own. Batches come in by the inbox and
/// go back to their owners grouped, one batch a wake-up.
///
/// To an endpoint without TLS and without a proxy libcurl only makes the connection, by all that it knows of names and addresses;
/// requests on it are sent and answers read here, which costs less than half.
///
/// Unchecked: everything but `thread` and `submit` belongs to the loop's own thread.
final class TransferLoop: @unchecked Sendable {
    /// How many idle handles are kept.
    static let idleHandles = 64
    /// How many connections are kept at least, in all.
    static let connections = 256

    /// How often answers are looked for before those there are go back: fewer hand-overs for it, each of them larger.
    static let rounds = 4

    enum Message: Sendable {
        case start([TransferRequest])
        case cancel(any TransferOwner)
        case stop
    }

    private let thread: LoopInbox<Message>
    private let multi: UnsafeMutableRawPointer
    private let sockets: WatchedSockets
    private let plain: PlainConnections
    private var idle: [Transfer] = []
    private var active: [UnsafeMutableRawPointer: Transfer] = [:]
    private var ended: [(owner: any TransferOwner, report: TransferReport)] = []
    private var timerAt: Int64 = .max
    private var connectionLimit = TransferLoop.connections
    private var isRunning = true

    /// Starts the thread; `nil` if the process has no descriptors, memory or threads left for it.
    static func started() -> TransferLoop? {
        guard curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK, let thread = LoopInbox<Message>(),
            let multi = curl_multi_init()
        else { return nil }
        let loop = TransferLoop(thread, multi)
        return LoopThread(name: "transfers", { loop.run() }) != nil ? loop : nil
    }

    private init(_ thread: LoopInbox<Message>, _ multi: UnsafeMutableRawPointer) {
        self.thread = thread
        self.multi = multi
        sockets = WatchedSockets(epoll: thread.epoll)
        plain = PlainConnections(epoll: thread.epoll)
    }

    /// Hands work over. From any thread.
    func submit(_ message: Message) { thread.send([message]) }

    private func run() {
        hs_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, connectionLimit)
        hs_curl_watch(
            multi,
            { _, socket, what, user, _ in
                Unmanaged<TransferLoop>.fromOpaque(user!).takeUnretainedValue().sockets.watch(socket, what)
                return 0
            },
            { _, milliseconds, user in
                let loop = Unmanaged<TransferLoop>.fromOpaque(user!).takeUnretainedValue()
                loop.timerAt = milliseconds < 0 ? .max : TransferLoop.now + Int64(milliseconds)
                return 0
            }, Unmanaged.passUnretained(self).toOpaque())
        let capacity = 256
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
        defer { events.deallocate() }
        while isRunning {
            var hasMail = false
            var left: Int32 = 0
            var rounds = 0
            var count: Int32
            repeat {
                count = hs_epoll_wait(thread.epoll, events, Int32(capacity), rounds == 0 ? timeout() : 0)
                plain.surveyed(isWhole: (0..<Int32(capacity)).contains(count))
                let now = TransferLoop.now
                for index in 0..<Int(max(count, 0)) {
                    let token = hs_epoll_token(events + index)
                    if token == LoopInbox<Message>.inboxToken {
                        hasMail = true
                    } else if token & PlainConnections.mark != 0 {
                        plain.ready(token, events[index].events, now: now)
                    } else if sockets.isWanted(Int32(truncatingIfNeeded: token)) {
                        curl_multi_socket_action(
                            multi, curl_socket_t(token), TransferLoop.mask(events[index].events), &left)
                    }
                }
                rounds += 1
            } while count > 0 && !hasMail && rounds < TransferLoop.rounds
            let now = TransferLoop.now
            if timerAt <= now {
                timerAt = .max
                curl_multi_socket_action(multi, curl_socket_t(-1), 0, &left)
            }
            if plain.wakeAt <= now { plain.tick(now: now) }
            collect()
            if hasMail { for message in thread.takeMessages() { take(message) } }
            collectPlain()
            report()
        }
        curl_multi_cleanup(multi)
    }

    private func take(_ message: Message) {
        switch message {
        case .start(let requests):
            let now = TransferLoop.now
            for request in requests {
                let dueAt = now + request.timeoutMilliseconds
                if !plain.start(request, dueAt: dueAt, now: now) { begin(request, dueAt: dueAt) }
            }
        case .cancel(let owner):
            plain.cancel(owner, now: TransferLoop.now)
            for transfer in active.values where transfer.request?.owner === owner { end(transfer, .cancelled) }
        case .stop:
            plain.cancel(nil, now: TransferLoop.now)
            for transfer in active.values { end(transfer, .cancelled) }
            idle = []
            isRunning = false
        }
    }

    private func begin(_ request: TransferRequest, dueAt: Int64) {
        guard let transfer = idle.popLast() ?? Transfer(sockets) else {
            return ended.append((request.owner, request.report(.broken(reason: "no memory for a request"))))
        }
        transfer.prepare(request, onlyConnecting: request.plain.map { _ in max(1, dueAt - TransferLoop.now) })
        transfer.dueAt = dueAt
        active[transfer.easy] = transfer
        // Connections in use count too: without room for them libcurl would close those that are idle.
        if active.count * 2 > connectionLimit {
            connectionLimit = active.count * 4
            hs_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, connectionLimit)
        }
        let code = curl_multi_add_handle(multi, transfer.easy)
        if code != CURLM_OK { end(transfer, .broken(reason: String(cString: curl_multi_strerror(code)))) }
    }

    private func collect() {
        while let easy = hs_curl_next_done(multi).taken {
            guard let transfer = Transfer.of(easy.handle), let request = transfer.request else { continue }
            let socket = transfer.onlyConnects && easy.result == CURLE_OK ? transfer.takeSocket() : nil
            curl_multi_remove_handle(multi, transfer.easy)
            active[transfer.easy] = nil
            if let socket {
                transfer.release()
                plain.add(socket, request, dueAt: transfer.dueAt, now: TransferLoop.now)
            } else {
                ended.append((request.owner, request.report(transfer.finish(easy.result))))
            }
            if idle.count < TransferLoop.idleHandles { idle.append(transfer) }
        }
    }

    private func collectPlain() {
        for (request, dueAt) in plain.takeStale() { begin(request, dueAt: dueAt) }
        let now = Moment.now
        for (request, ending) in plain.takeEnded() { ended.append((request.owner, request.report(ending, at: now))) }
    }

    private func end(_ transfer: Transfer, _ ending: AttemptEnding) {
        curl_multi_remove_handle(multi, transfer.easy)
        active[transfer.easy] = nil
        if let request = transfer.request { ended.append((request.owner, request.report(ending))) }
        transfer.release()
    }

    /// Hands back what has ended, one batch for each owner.
    private func report() {
        // Few owners have something at once, so that to look through the rest for each costs less than a table.
        while let owner = ended.last?.owner {
            let start = ended.partition { $0.owner === owner }
            owner.ended(ended[start...].map(\.report))
            ended.removeSubrange(start...)
        }
    }

    private func timeout() -> Int32 {
        let next = min(timerAt, plain.wakeAt)
        return next == .max ? -1 : Int32(clamping: max(0, next - TransferLoop.now))
    }

    /// The steady clock, in milliseconds.
    private static var now: Int64 { hs_monotonic_ns() / 1_000_000 }

    private static func mask(_ events: UInt32) -> Int32 {
        var mask: Int32 = 0
        if events & UInt32(EPOLLIN.rawValue | EPOLLHUP.rawValue) != 0 { mask |= CURL_CSELECT_IN }
        if events & UInt32(EPOLLOUT.rawValue) != 0 { mask |= CURL_CSELECT_OUT }
        if events & UInt32(EPOLLERR.rawValue) != 0 { mask |= CURL_CSELECT_ERR }
        return mask
    }
}

extension hs_curl_done {
    /// What ended, if anything did.
    fileprivate var taken: (handle: UnsafeMutableRawPointer, result: CURLcode)? { easy.map { ($0, result) } }
}

extension TransferRequest {
    func report(_ ending: AttemptEnding, at moment: Moment = .now) -> TransferReport {
        var ending = aws.map { AWSAnswer.ending(ending, of: $0) } ?? ending
        // A status of no class that ends a request (RFC 9110 §15): whoever sends it does not speak HTTP as we do.
        if case .answered(let answer) = ending, !(200...599).contains(answer.status) {
            ending = .broken(reason: "the answer is not HTTP: its status is \(answer.status)")
        }
        // An endpoint may point to itself, with all that stood in its URL.
        if case .answered(var answer) = ending, let location = answer.location {
            answer.location = secrets.reduce(EndpointURL.withoutCredentials(location)) {
                $0.replacing($1, with: HTTPTargetSettings.blot)
            }
            ending = .answered(answer)
        }
        return TransferReport(tag: tag, ending: ending, place: place, endedAt: moment)
    }
}
