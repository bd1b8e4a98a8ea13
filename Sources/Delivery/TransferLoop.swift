import CCurl
import CPlatform
import Glibc
import Platform

/// All HTTP attempts: libcurl's multi interface on one thread with an epoll of its own. Batches come in by the inbox and
/// go back to their owners grouped, one batch a wake-up.
///
/// Unchecked: everything but `thread` and `submit` belongs to the loop's own thread.
final class TransferLoop: @unchecked Sendable {
    /// How many idle handles are kept.
    static let idleHandles = 64
    /// How many connections are kept at least, in all.
    static let connections = 256

    enum Message: Sendable {
        case start([TransferRequest])
        case cancel(any TransferOwner)
        case stop
    }

    private let thread: LoopInbox<Message>
    private let multi: UnsafeMutableRawPointer
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
    }

    /// Hands work over. From any thread.
    func submit(_ message: Message) { thread.send([message]) }

    private func run() {
        hs_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, connectionLimit)
        hs_curl_watch(
            multi,
            { _, socket, what, user, known in
                Unmanaged<TransferLoop>.fromOpaque(user!).takeUnretainedValue().watch(
                    socket, what, isKnown: known != nil)
            },
            { _, milliseconds, user in
                let loop = Unmanaged<TransferLoop>.fromOpaque(user!).takeUnretainedValue()
                loop.timerAt = milliseconds < 0 ? .max : hs_monotonic_ns() / 1_000_000 + Int64(milliseconds)
                return 0
            }, Unmanaged.passUnretained(self).toOpaque())
        let capacity = 256
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
        defer { events.deallocate() }
        while isRunning {
            let count = hs_epoll_wait(thread.epoll, events, Int32(capacity), timeout())
            var hasMail = false
            var left: Int32 = 0
            for index in 0..<Int(max(count, 0)) {
                let token = hs_epoll_token(events + index)
                if token == LoopInbox<Message>.inboxToken {
                    hasMail = true
                } else {
                    curl_multi_socket_action(
                        multi, curl_socket_t(token), TransferLoop.mask(events[index].events), &left)
                }
            }
            if timerAt <= hs_monotonic_ns() / 1_000_000 {
                timerAt = .max
                curl_multi_socket_action(multi, curl_socket_t(-1), 0, &left)
            }
            collect()
            if hasMail { for message in thread.takeMessages() { take(message) } }
            report()
        }
        curl_multi_cleanup(multi)
    }

    private func take(_ message: Message) {
        switch message {
        case .start(let requests): for request in requests { begin(request) }
        case .cancel(let owner):
            for transfer in active.values where transfer.request?.owner === owner { end(transfer, .cancelled) }
        case .stop:
            for transfer in active.values { end(transfer, .cancelled) }
            idle = []
            isRunning = false
        }
    }

    private func begin(_ request: TransferRequest) {
        guard let transfer = idle.popLast() ?? Transfer() else {
            return ended.append((request.owner, request.report(.broken(reason: "no memory for a request"))))
        }
        transfer.prepare(request)
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
            curl_multi_remove_handle(multi, transfer.easy)
            active[transfer.easy] = nil
            ended.append((request.owner, request.report(transfer.finish(easy.result))))
            if idle.count < TransferLoop.idleHandles { idle.append(transfer) }
        }
    }

    private func end(_ transfer: Transfer, _ ending: AttemptEnding) {
        curl_multi_remove_handle(multi, transfer.easy)
        active[transfer.easy] = nil
        if let request = transfer.request { ended.append((request.owner, request.report(ending))) }
        transfer.release()
    }

    /// Hands back what has ended, one batch for each owner.
    private func report() {
        guard !ended.isEmpty else { return }
        var batches: [ObjectIdentifier: [TransferReport]] = [:]
        for (owner, report) in ended { batches[ObjectIdentifier(owner), default: []].append(report) }
        for (owner, _) in ended {
            if let batch = batches.removeValue(forKey: ObjectIdentifier(owner)) { owner.ended(batch) }
        }
        ended.removeAll(keepingCapacity: true)
    }

    private func watch(_ socket: curl_socket_t, _ what: Int32, isKnown: Bool) -> Int32 {
        if what == CURL_POLL_REMOVE {
            _ = hs_epoll_control(thread.epoll, 2, socket, 0, 0)
            return 0
        }
        var events: UInt32 = 0
        if what & CURL_POLL_IN != 0 { events |= UInt32(EPOLLIN.rawValue) }
        if what & CURL_POLL_OUT != 0 { events |= UInt32(EPOLLOUT.rawValue) }
        _ = hs_epoll_control(thread.epoll, isKnown ? 3 : 1, socket, events, UInt64(UInt32(bitPattern: socket)))
        if !isKnown { curl_multi_assign(multi, socket, Unmanaged.passUnretained(self).toOpaque()) }
        return 0
    }

    private func timeout() -> Int32 {
        timerAt == .max ? -1 : Int32(clamping: max(0, timerAt - hs_monotonic_ns() / 1_000_000))
    }

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
    func report(_ ending: AttemptEnding) -> TransferReport {
        TransferReport(tag: tag, ending: ending, place: place, endedAt: .now)
    }
}
