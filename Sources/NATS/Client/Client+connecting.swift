import CPlatform
import Dispatch
import Glibc

/// From no connection to one that is ready, and back. On the client's thread.
extension Client {
    /// Looks at what time has brought: a connection to try, one that takes too long or has gone silent, requests without answers.
    func passTime(now: Int64) {
        switch phase {
        case .waiting(let until): if now >= until { tryNext(now: now) }
        case .resolving, .connecting, .greeting, .introduced:
            if now >= deadline { lose(NATSFault(.later, "no answer within five seconds"), now: now) }
        case .ready:
            if now >= pingAt {
                if unansweredPings >= ClientSettings.unansweredPings {
                    lose(NATSFault(.later, "the server has gone silent"), now: now)
                } else {
                    unansweredPings += 1
                    pingAt = now + ClientSettings.pingMilliseconds
                    say { $0.ping() }
                }
            }
        }
        expireRequests(now: now)
        owner?.tick(now: now)
    }

    private func tryNext(now: Int64) {
        let (chosen, wait) = pool.choose(now: now)
        guard let chosen else { return phase = .waiting(until: now + wait) }
        address = chosen
        phase = .resolving
        deadline = now + ClientSettings.connectMilliseconds
        lastError = nil
        generation += 1
        let attempt = generation
        // The resolver blocks as long as it likes.
        DispatchQueue.global().async { [weak self] in
            let found = ResolvedAddress.all(of: chosen)
            self?.perform { [weak self] in self?.resolved(found, attempt) }
        }
    }

    private func resolved(_ found: Result<[ResolvedAddress], NATSFault>, _ attempt: UInt64) {
        guard case .resolving = phase, attempt == generation else { return }
        switch found {
        case .failure(let fault): lose(fault, now: hs_monotonic_ns() / 1_000_000)
        case .success(let addresses):
            resolved = addresses
            connectNext(now: hs_monotonic_ns() / 1_000_000, fault: "there is no address")
        }
    }

    private func connectNext(now: Int64, fault: String) {
        while !resolved.isEmpty {
            if let channel = Channel(to: resolved.removeFirst()), adopt(channel) {
                phase = .connecting
                return
            }
        }
        lose(NATSFault(.later, fault), now: now)
    }

    func connectEnded(now: Int64) {
        guard let channel, let address else { return }
        let fault = channel.connectFault
        guard fault == 0 else {
            abandon()
            return connectNext(now: now, fault: String(cString: strerror(fault)))
        }
        phase = .greeting
        watch(EPOLLIN.rawValue)
        if settings.tls?.isFirst == true, !secure(channel, address) {
            lose(NATSFault(.later, "no memory for TLS"), now: now)
        }
    }

    private func secure(_ channel: Channel, _ address: ServerAddress) -> Bool {
        guard let tls, channel.secure(by: tls, to: address.host) else { return false }
        // A handshake begins with the client's word, which a read makes it say.
        _ = channel.read(into: UnsafeMutableRawBufferPointer(start: nil, count: 0))
        return true
    }

    /// Takes what the server said.
    func take(_ event: ProtocolReader.Event, now: Int64) {
        switch event {
        case .info(let json): take(json, now: now)
        case .message(let message):
            if let payload = answer(message) { return payload() }
            owner?.received(message)
        case .ping: say { $0.pong() }
        case .pong:
            unansweredPings = 0
            guard case .introduced = phase, let info, let address else { return }
            phase = .ready
            pool.succeeded(address)
            pingAt = now + ClientSettings.pingMilliseconds
            owner?.connected(to: info)
        case .ok: return
        case .error(let text):
            // The server closes by itself where it must; a permission that lacks leaves the connection as it is.
            guard let denial = Denial(text) else {
                lastError = "the server says: \(text)"
                return
            }
            // Where no answer can be heard, nothing can be asked.
            if denial.act == .subscribe, denial.subject == answers { return lose(denial.fault, now: now) }
            failRequests(denied: denial)
            owner?.denied(denial)
        }
    }

    /// All that is answered to this client.
    private var answers: String { "\(inbox).>" }

    private func take(_ json: [UInt8], now: Int64) {
        guard let channel, let address, let news = ServerInfo(json) else {
            return lose(NATSFault(.later, "the server's INFO is not understood"), now: now)
        }
        info = news
        pool.learn(news.others, secure: channel.isSecure)
        if case .ready = phase {
            if news.isLameDuck { lose(NATSFault(.later, "the server is about to leave"), now: now) }
            return
        }
        guard case .greeting = phase else { return }
        let wantsTLS = news.requiresTLS || settings.tls != nil || address.isTLS
        if wantsTLS && !channel.isSecure {
            guard tls != nil else {
                return lose(NATSFault(.ours, "the server wants TLS: name it as tls://\(address)"), now: now)
            }
            guard secure(channel, address) else { return lose(NATSFault(.later, "no memory for TLS"), now: now) }
        }
        let introduction: [UInt8]
        do throws(NATSFault) {
            introduction = try Introduction.json(settings, to: news, isSecure: channel.isSecure)
        } catch {
            return lose(error, now: now)
        }
        phase = .introduced
        unansweredPings = 0
        say {
            $0.connect(introduction)
            // Before the ping: a server that does not allow it has said so when it answers.
            $0.subscribe(answers, as: 1)
            $0.ping()
        }
    }

    /// Ends a connection, or the attempt to make one, and has another tried.
    func lose(_ fault: NATSFault, now: Int64) {
        abandon()
        guard let address else { return }
        let isLeaving = info?.isLameDuck == true
        pool.failed(address, now: now, random: .random(in: 0..<1))
        phase = .waiting(until: isLeaving ? now : now + 1)
        info = nil
        failRequests(NATSFault(.later, "the connection to the brokers ended"))
        owner?.disconnected(NATSFault(fault.kind, "\(address): \(fault.reason)"))
    }
}
