import Dispatch
import Spool

/// Makes HTTP requests that take more than one attempt to be made: several events in one, an access token in each.
///
/// Unchecked: all its state belongs to its own serial queue.
final class ParcelTransport: Transport, TransferOwner, @unchecked Sendable {
    /// The tag of a request for a token.
    private static let tokenTag: UInt64 = 0

    /// What goes in one request.
    private struct Parcel {
        var items: [BatchItem]
        /// The token it was sent with.
        var token: String?
        /// Whether it goes out again because its token was refused.
        var isSecond = false
    }

    private let queue: DispatchQueue
    private let sink: AttemptSink
    private let loop: TransferLoop
    private let options: DeliveryOptions
    // The following belong to `queue`.
    private var composer: RequestComposer
    private var gatherer: BatchGatherer?
    private var tokens: TokenKeeper?
    private var tokenRequest: TokenRequest?
    private var underWay: [UInt64: Parcel] = [:]
    private var waitingForToken: [Parcel] = []
    private var nextTag = ParcelTransport.tokenTag + 1
    private var wakeAt: Int64 = .max

    /// Whether a target's requests are made here, and not one for one.
    static func isNeeded(for settings: TargetSettings) -> Bool {
        guard case .http(let http) = settings.kind else { return false }
        return settings.batch != nil || http.oauth2 != nil
    }

    init?(_ settings: TargetSettings, loop: TransferLoop, options: DeliveryOptions, sink: @escaping AttemptSink) {
        guard let composer = RequestComposer(settings, options: options) else { return nil }
        queue = DispatchQueue(label: "hookswitch.http.\(settings.name)")
        self.composer = composer
        self.loop = loop
        self.options = options
        self.sink = sink
        apply(settings)
    }

    func start(_ attempts: [Attempt]) {
        queue.async {
            let now = Moment.now.steady
            var unfit: [AttemptReport] = []
            for attempt in attempts {
                if self.gatherer == nil {
                    self.send(Parcel(items: [BatchItem(attempt: attempt, content: [])]))
                } else if let content = self.composer.item(attempt) {
                    self.gatherer?.add(BatchItem(attempt: attempt, content: content), now: now)
                } else {
                    unfit.append(.notJSON(attempt, self.composer.fixedPlace))
                }
            }
            self.sendGathered()
            if !unfit.isEmpty { self.sink(unfit) }
        }
    }

    func update(_ settings: TargetSettings) {
        queue.async {
            self.composer = RequestComposer(settings, options: self.options) ?? self.composer
            self.apply(settings)
            self.sendGathered()
        }
    }

    func hasten() {
        queue.async {
            self.gatherer?.hasten()
            self.sendGathered()
        }
    }

    func cancel() {
        queue.async {
            var attempts = self.gatherer?.drain() ?? []
            for parcel in self.waitingForToken {
                self.gatherer?.ended()
                attempts += parcel.items.map(\.attempt)
            }
            self.waitingForToken = []
            self.report(attempts, .cancelled, self.composer.fixedPlace, at: .now)
            self.loop.submit(.cancel(self))
        }
    }

    func ended(_ reports: [TransferReport]) {
        queue.async {
            for report in reports {
                if report.tag == ParcelTransport.tokenTag {
                    self.tokenCame(report)
                } else if let parcel = self.underWay.removeValue(forKey: report.tag) {
                    self.end(parcel, report)
                }
            }
            self.sendGathered()
        }
    }

    private func apply(_ settings: TargetSettings) {
        if let batch = settings.batch {
            if gatherer == nil {
                gatherer = BatchGatherer(batch, concurrency: settings.concurrency)
            } else {
                gatherer?.update(batch, concurrency: settings.concurrency)
            }
        }
        guard case .http(let http) = settings.kind, let oauth2 = http.oauth2 else {
            tokens = nil
            return
        }
        // Another client's token is no good.
        if tokenRequest?.settings != oauth2 || tokens == nil { tokens = TokenKeeper() }
        tokenRequest = TokenRequest(oauth2, of: http, timeout: settings.timeout, userAgent: options.userAgent)
    }

    private func sendGathered() {
        let now = Moment.now.steady
        while let items = gatherer?.next(now: now) { send(Parcel(items: items)) }
        guard let at = gatherer?.wakeAt(), at < wakeAt else { return }
        wakeAt = at
        queue.asyncAfter(deadline: .now() + .milliseconds(Int(max(at - now, 1)))) {
            self.wakeAt = .max
            self.sendGathered()
        }
    }

    private func send(_ parcel: Parcel) {
        var parcel = parcel
        if tokens != nil, let need = tokens?.need(now: Moment.now.steady) {
            if need.isToAsk, let request = tokenRequest?.request(tag: ParcelTransport.tokenTag, owner: self) {
                loop.submit(.start([request]))
            }
            guard let token = need.token else { return waitingForToken.append(parcel) }
            parcel.token = token
        }
        let tag = nextTag
        let request =
            gatherer == nil
            ? composer.request(parcel.items[0].attempt, token: parcel.token, tag: tag, owner: self)
            : composer.request(batch: parcel.items, token: parcel.token, tag: tag, owner: self)
        guard let request else {
            gatherer?.ended()
            return sink(parcel.items.map { .notJSON($0.attempt, composer.fixedPlace) })
        }
        nextTag += 1
        underWay[tag] = parcel
        loop.submit(.start([request]))
    }

    private func end(_ parcel: Parcel, _ report: TransferReport) {
        gatherer?.ended()
        if case .answered(let answer) = report.ending {
            if answer.status == 401, let token = parcel.token {
                tokens?.refused(token)
                if !parcel.isSecond { return sendAgain(parcel) }
            }
            if answer.status == 413, let halves = gatherer?.tooLarge(parcel.items), !halves.isEmpty {
                for half in halves { send(Parcel(items: half)) }
                return
            }
            if (200...299).contains(answer.judged) { gatherer?.accepted(parcel.items.count) }
        }
        self.report(parcel.items.map(\.attempt), report.ending, report.place, at: report.endedAt)
    }

    /// The target refused the token: once more, with the next one.
    private func sendAgain(_ parcel: Parcel) {
        gatherer?.restarted()
        send(Parcel(items: parcel.items, isSecond: true))
    }

    private func tokenCame(_ report: TransferReport) {
        let fault = tokens?.answered(report.ending, now: report.endedAt.steady)
        let waiting = waitingForToken
        waitingForToken = []
        for parcel in waiting {
            if report.ending == .cancelled || fault != nil {
                gatherer?.ended()
                let ending = report.ending == .cancelled ? .cancelled : AttemptEnding.broken(reason: fault ?? "")
                self.report(parcel.items.map(\.attempt), ending, composer.fixedPlace, at: report.endedAt)
            } else {
                send(parcel)
            }
        }
    }

    /// One outcome for all; only the first tells of the target, which was asked once.
    private func report(_ attempts: [Attempt], _ ending: AttemptEnding, _ place: String, at moment: Moment) {
        guard !attempts.isEmpty else { return }
        sink(
            attempts.enumerated().map { index, attempt in
                AttemptReport(
                    event: attempt.event.number, ending: ending, place: place, endedAt: moment,
                    isShared: index > 0)
            })
    }
}
