import Dispatch
import EventJSON
import Spool
import Synchronization

/// Performs what a `TargetQueue` decides: the thin shell around it.
///
/// Unchecked: all its mutable state belongs to its serial dispatch queue, but for `shown`, which has a lock.
final class TargetWorker: DeliveryReceiver, @unchecked Sendable {
    let name: String
    let id: QueueID
    private let log: any EventLog
    private let reporter: Reporter
    private let options: DeliveryOptions
    private let spans: SpanExporter
    private let queue: DispatchQueue
    private let shown: Mutex<TargetStatus>

    private var settings: TargetSettings
    private var decisions: TargetQueue
    private var transport: (any Transport)?
    private var attempts: [EventNumber: Attempt] = [:]
    private var status: TargetStatus
    private var wakeAt: Int64 = .max
    /// Whether `start` was called, and whether the log knows of it: it takes one receiver at a time.
    private var remembered: TargetMemory
    private var hasBegun = false
    private var isAttached = false
    /// Deliveries asked for before the log knew of it.
    private var unasked = 0
    private var whenIdle: [@Sendable () -> Void] = []

    init(
        _ settings: TargetSettings, remembering memory: TargetMemory, log: any EventLog, reporter: Reporter,
        options: DeliveryOptions, spans: SpanExporter, on pool: DispatchQueue
    ) {
        let settings = TargetWorker.fitted(settings, to: log)
        name = settings.name
        id = settings.queue
        self.settings = settings
        self.log = log
        self.reporter = reporter
        self.options = options
        self.spans = spans
        queue = DispatchQueue(label: "hookswitch.target.\(settings.name)", target: pool)
        decisions = TargetQueue(
            settings, concurrency: settings.gatheredConcurrency, remembering: memory, now: .now)
        remembered = memory
        status = TargetStatus(name: settings.name, queue: settings.queue)
        shown = Mutex(status)
    }

    /// What is left to see to here: not the order, if the log keeps it.
    private static func fitted(_ settings: TargetSettings, to log: any EventLog) -> TargetSettings {
        var settings = settings
        if log.keepsOrder { settings.order = nil }
        return settings
    }

    /// How it stands. From any thread.
    func currentStatus() -> TargetStatus { shown.withLock { $0 } }

    /// Begins to work, once the queue's former worker has come to its end. The transport is made by `make`, given where to report.
    func start(_ make: @escaping @Sendable (TargetSettings, @escaping AttemptSink) -> (any Transport)?) {
        queue.async {
            self.hasBegun = true
            guard !self.decisions.isStopping else { return self.finishIfIdle() }
            self.transport = make(self.settings) { [weak self] reports in
                guard let self else { return }
                self.queue.async { self.ended(reports) }
            }
            self.log.attach(self.id, order: self.settings.order == nil ? .whenDue : .byNumber, to: self)
            self.isAttached = true
            self.decide { $0.tick(now: $1, &$2) }
        }
    }

    /// Works by new settings of the same kind and order from now on.
    func update(_ settings: TargetSettings) {
        let settings = TargetWorker.fitted(settings, to: log)
        queue.async {
            self.settings = settings
            self.transport?.update(settings)
            self.decide {
                $0.update(settings, concurrency: settings.gatheredConcurrency, now: $1)
                $0.tick(now: $1, &$2)
            }
        }
    }

    /// Pauses or goes on, by hand; it holds when this returns.
    func setPaused(_ paused: Bool) {
        queue.sync { self.decide { if paused { $0.pause() } else { $0.resume(now: $1, &$2) } } }
    }

    /// Forgets what it has in hand and takes nothing until `takeUp`; answers what is under way. Blocks while its queue is busy.
    func letGo(givingUp: Bool) -> Set<EventNumber> { queue.sync { decisions.letGo(givingUp: givingUp) } }

    /// Goes on. What the log handed out before it changed has arrived by then: the worker's queue keeps the order.
    func takeUp() {
        queue.async { self.decide { $0.takeUp(now: $1, &$2) } }
    }

    /// Tries deliveries at once that wait in hand.
    func hurry(_ events: [EventNumber]) {
        queue.async { self.decide { for event in events { $0.hurry(event, now: $1, &$2) } } }
    }

    /// Starts nothing more; calls back once what was under way has ended and the log has everything. May be called again,
    /// and before `start`: then it ends when its turn comes.
    func stop(_ done: @escaping @Sendable () -> Void) {
        queue.async {
            self.whenIdle.append(done)
            self.transport?.hasten()
            self.decide { queue, _, effects in queue.stop(&effects) }
        }
    }

    /// Ends what is under way.
    func cancel() {
        queue.async { self.transport?.cancel() }
    }

    /// Opens files anew.
    func reopenFiles() {
        queue.async { self.transport?.reopenFiles() }
    }

    func receive(_ deliveries: [OwedDelivery]) {
        queue.async {
            let withLanes = deliveries.map { (delivery: $0, lane: self.lane(of: $0)) }
            self.decide { $0.received(withLanes, now: $1, &$2) }
        }
    }

    /// What must wait for what: a hash of the value at the order's path; events without the value share a lane.
    private func lane(of delivery: OwedDelivery) -> UInt64? {
        guard let path = settings.order else { return nil }
        let value = (try? log.read(delivery.position)).flatMap { EventBody.values(at: [path], in: $0.body)?[path] }
        return UInt64(truncatingIfNeeded: value.hashValue)
    }

    private func decide(_ input: (inout TargetQueue, Moment, inout TargetQueue.Effects) -> Void) {
        var effects = TargetQueue.Effects()
        let now = Moment.now
        input(&decisions, now, &effects)
        perform(effects, records: [], at: now)
    }

    private func ended(_ reports: [AttemptReport]) {
        var effects = TargetQueue.Effects()
        var records: [AttemptRecord] = []
        if spans.isOn { spans.record(reports.compactMap(span(of:))) }
        // A clock that was set while a report was on its way would make its retry as much too late.
        let now = Moment.now
        for var report in reports {
            report.endedAt = report.endedAt.seen(at: now)
            end(report, &effects, &records)
        }
        perform(effects, records: records, at: now)
    }

    /// What is told of an attempt that was made.
    private func span(of report: AttemptReport) -> Span? {
        guard report.ending != .cancelled, let attempt = attempts[report.event], attempt.isTraced else { return nil }
        var isHTTP = false
        if case .http = settings.kind { isHTTP = true }
        return Span.attempt(
            attempt, report, isHTTP: isHTTP, milliseconds: report.endedAt.steady - attempt.startedAt.steady)
    }

    private func end(_ report: AttemptReport, _ effects: inout TargetQueue.Effects, _ records: inout [AttemptRecord]) {
        guard let attempt = attempts.removeValue(forKey: report.event) else { return }
        let verdict = Verdict(
            report.ending, policy: settings.retry, finalExits: settings.finalExits, now: report.endedAt.wall)
        let settled = effects.settle.count
        if let isOverload = report.ending.isOverload {
            decisions.observe(
                milliseconds: report.endedAt.steady - attempt.startedAt.steady, isOverload: isOverload)
        }
        decisions.ended(
            report.event, verdict, targetIsUp: report.tellsOfTarget(finalExits: settings.finalExits),
            now: report.endedAt, random: verdict == .done ? 0 : options.random(), &effects)
        guard verdict != .untried, settled < effects.settle.count, var state = effects.settle[settled].recordStatus
        else {
            let isDropped = settled < effects.settle.count && effects.settle[settled].state == .failed
            if isDropped || decisions.isStopping && report.ending == .cancelled {
                records.append(.cutOff(attempt, report, isDropped: isDropped))
            }
            return
        }
        if case .retrying(let due) = state {
            state = .retrying(nextAttemptAt: decisions.nextAttempt(due: due, now: report.endedAt))
        }
        let duration = report.endedAt.steady - attempt.startedAt.steady
        count(state, report, duration, receivedAt: attempt.event.receivedAt)
        records.append(
            AttemptRecord(attempt, report, state, number: effects.settle[settled].progress.attempts))
    }

    private func count(
        _ state: AttemptRecord.Status, _ report: AttemptReport, _ duration: Int64, receivedAt: Int64
    ) {
        status.tally.count(
            state, report.ending, took: duration, age: report.endedAt.wall - receivedAt, now: report.endedAt)
        status.lastError = report.ending.fault ?? status.lastError
        switch state {
        case .succeeded: status.succeeded += 1
        case .retrying: status.retried += 1
        case .failed: status.failed += 1
        }
    }

    private func perform(_ effects: TargetQueue.Effects, records: [AttemptRecord], at now: Moment) {
        settle(effects.settle, records, at: now)
        if let breaker = effects.breaker { announce(breaker) }
        launch(effects.start)
        ask(for: effects.request)
        wake()
        show(&decisions)
        finishIfIdle()
    }

    /// Says how it stands, and what must outlast a restart. In place: a copy would count all that the queue refers to.
    private func show(_ decisions: inout TargetQueue) {
        status.inFlight = decisions.inFlight
        status.breaker = decisions.breaker.state
        status.breakerOpenings = decisions.breaker.openings
        status.concurrency = settings.adaptsConcurrency ? decisions.concurrency : settings.concurrency
        status.paused = decisions.isPaused
        let memory = decisions.memory
        status.heldUntil = memory.heldUntil
        shown.withLock { $0 = status }
        if memory != remembered {
            remembered = memory
            options.remember(name, memory)
        }
    }

    private func ask(for count: Int) {
        unasked += count
        guard isAttached, unasked > 0 else { return }
        log.request(id, count: unasked)
        unasked = 0
    }

    private func settle(
        _ settlements: [TargetQueue.Settlement], _ records: [AttemptRecord], at now: Moment
    ) {
        var outcomes: [Outcome] = []
        var failures: [TargetQueue.Settlement] = []
        for settlement in settlements {
            let delivery = DeliveryID(event: settlement.event, queue: id)
            switch settlement.state {
            case .done: outcomes.append(Outcome(delivery, .done, progress: settlement.progress))
            case .untried: outcomes.append(Outcome(delivery, .untried, progress: settlement.progress))
            case .later(let notBefore, kept: false):
                outcomes.append(Outcome(delivery, .later(notBefore: notBefore), progress: settlement.progress))
            case .later(_, kept: true): break
            case .failed: failures.append(settlement)
            }
        }
        // The lines first: what the log makes durable, it makes so behind all that was handed over before.
        reporter.audit(failures.isEmpty ? records : records.filter { $0.status != .failed })
        if !outcomes.isEmpty { log.settle(outcomes, told: now.wall) }
        if !failures.isEmpty { giveUp(failures, records.filter { $0.status == .failed }) }
    }

    /// The failure's line is durable before the log is told; if it can't be written, the delivery comes again.
    private func giveUp(_ failures: [TargetQueue.Settlement], _ records: [AttemptRecord]) {
        let isOrdered = settings.order != nil
        reporter.failures(records) { written in
            let now = Moment.now.wall
            let later = now + DeliveryEngine.unwrittenFailureWaitMilliseconds
            @Sendable func settle(_ result: Outcome.Result) {
                self.log.settle(
                    failures.map {
                        Outcome(DeliveryID(event: $0.event, queue: self.id), result, progress: $0.progress)
                    }, told: now)
            }
            @Sendable func end(_ isKept: Bool) {
                settle(isKept ? .failed : .later(notBefore: later))
                // In order of number the log leaves a retry with its receiver, and this one is no longer in hand.
                if !isKept && isOrdered { settle(.untried) }
                self.queue.async { self.decide { $0.written(failures.count, now: $1, &$2) } }
            }
            if written { self.options.failed(records, end) } else { end(false) }
        }
    }

    private func launch(_ deliveries: [OwedDelivery]) {
        guard !deliveries.isEmpty else { return }
        var batch: [Attempt] = []
        var unreadable: [AttemptReport] = []
        let now = Moment.now
        let isTraced = spans.isOn
        for delivery in deliveries {
            let read = Result { try Event(log.read(delivery.position)) }
            let attempt = Attempt(
                event: (try? read.get()) ?? Event(unreadable: delivery.event), target: name,
                number: delivery.progress.attempts + 1, startedAt: now, isTraced: isTraced)
            attempts[delivery.event] = attempt
            switch read {
            case .success: batch.append(attempt)
            case .failure(let error):
                unreadable.append(
                    AttemptReport(event: delivery.event, ending: .unreadable(error), place: "", endedAt: now))
            }
        }
        if !batch.isEmpty { transport?.start(batch) }
        if !unreadable.isEmpty { queue.async { [unreadable] in self.ended(unreadable) } }
    }

    private func announce(_ breaker: Breaker.State) {
        guard breaker == .closed else {
            return options.notify(
                DeliveryNotice(
                    level: .error, target: name,
                    message: "breaker open, the queue waits: \(status.lastError ?? "the target is down")"))
        }
        options.notify(DeliveryNotice(level: .info, target: name, message: "breaker closed, the queue goes on"))
    }

    private func wake() {
        let now = Moment.now
        guard let at = decisions.wakeAt(now: now), at < wakeAt || wakeAt <= now.steady else { return }
        wakeAt = at
        queue.asyncAfter(deadline: .now() + .milliseconds(Int(max(at - now.steady, 1)))) {
            self.wakeAt = .max
            self.decide { $0.tick(now: $1, &$2) }
        }
    }

    private func finishIfIdle() {
        guard !whenIdle.isEmpty, hasBegun, decisions.isStopping, decisions.inFlight == 0, decisions.unwritten == 0
        else { return }
        transport?.retire()
        if isAttached { log.detach(id) }
        isAttached = false
        let waiting = whenIdle
        whenIdle = []
        for done in waiting { done() }
    }
}
