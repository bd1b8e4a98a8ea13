import Spool

/// Decides what a target does next: asks for deliveries, starts attempts, settles how they ended. A plain value: time and
/// chance come in, effects go out; `TargetWorker` performs them.
///
/// A delivery that waits for a retry holds no slot. Without an order it goes back to the log until it is due; with an
/// order it stays in hand, since those with the same key must wait behind it.
public struct TargetQueue: Sendable {
    /// How many deliveries a queue that keeps an order has in hand at the most, and so of how many keys it knows. Past it, its
    /// cursor in the log stands still. A key that fails holds up no other one as long as fewer than that stand behind it.
    public static let orderedWindow = 8192

    /// How many failures may wait to be durable: past it nothing is started, so that a slow disk holds up the target and not
    /// the memory.
    static let unwrittenLimit = 1024

    /// What is to be done now.
    struct Effects {
        /// So many deliveries are asked for.
        var request = 0
        /// Attempts to start.
        var start: [OwedDelivery] = []
        /// Deliveries whose state has changed.
        var settle: [Settlement] = []
        /// The breaker has just opened, or just closed.
        var breaker: Breaker.State?
    }

    /// What a delivery has come to.
    struct Settlement {
        /// The states.
        enum State: Equatable {
            case done, failed, untried
            /// To be tried again; `kept` if it stays in hand, so that the log isn't told.
            case later(notBefore: Int64, kept: Bool)
        }

        var event: EventNumber
        var state: State
        /// This attempt counted.
        var progress: Progress
    }

    private(set) var breaker = Breaker()
    private(set) var isStopping = false
    /// Whether what it has in hand was let go of and nothing is taken: the log is changing what it is owed.
    private(set) var isEmptied = false
    private var pausedByHand: Bool?
    /// Those under way that are not tried again, however they end.
    private var givenUp: Set<EventNumber> = []
    /// Until when the whole target waits because it asked for that, by the steady clock; 0 for not at all.
    private(set) var heldUntil: Int64 = 0
    /// The same by the wall clock, which outlasts a restart.
    private var heldUntilWall: Int64 = 0
    private var settings: TargetSettings
    private var fixedConcurrency: Int
    private var adaptive: AdaptiveConcurrency?
    private var bucket: TokenBucket?
    private var lanes = Lanes()
    private var underWay: [EventNumber: Lanes.Entry] = [:]
    private var credit = 0
    /// Deliveries given up whose record is not durable yet.
    private(set) var unwritten = 0

    /// An empty queue. `concurrency` stands instead of the configured one where a transport gathers attempts itself.
    init(
        _ settings: TargetSettings, concurrency: Int? = nil, remembering memory: TargetMemory = TargetMemory(),
        now: Moment
    ) {
        self.settings = settings
        fixedConcurrency = max(1, concurrency ?? settings.concurrency)
        adaptive = settings.adaptsConcurrency ? AdaptiveConcurrency() : nil
        if memory.isBreakerOpen { breaker.reopen(now: now.steady) }
        if memory.pausedByHand != settings.paused { pausedByHand = memory.pausedByHand }
        bucket = settings.rate.map { TokenBucket($0, burst: settings.burst, now: now.steady) }
        // No hold is longer than this: a clock that was set back meanwhile does not make it so.
        let held = min(memory.heldUntil - now.wall, RetryAfter.limitMilliseconds)
        if held > 0 { (heldUntil, heldUntilWall) = (now.steady + held, now.wall + held) }
    }

    /// Attempts under way at once, at the most.
    var concurrency: Int { adaptive?.limit ?? fixedConcurrency }
    /// Whether it starts nothing: by the word given last, by hand or by configuration.
    var isPaused: Bool { pausedByHand ?? settings.paused }
    /// What must outlast a restart.
    var memory: TargetMemory {
        var memory = TargetMemory()
        memory.isBreakerOpen = breaker.state != .closed
        memory.pausedByHand = pausedByHand
        memory.heldUntil = heldUntilWall
        return memory
    }
    /// Attempts under way.
    var inFlight: Int { underWay.count }
    /// Deliveries in hand, those under way included.
    var inHand: Int { lanes.count }
    /// How many it wants in hand, so that the next attempt never waits for the log.
    private var window: Int {
        settings.order != nil ? TargetQueue.orderedWindow : max(64, concurrency * 4)
    }

    /// When a delivery that waits until `due` is tried at the soonest, both by the wall clock: not while the target is held back, nor
    /// before the open breaker lets a probe out.
    func nextAttempt(due: Int64, now: Moment) -> Int64 {
        let probe = breaker.state == .open ? now.wall + breaker.probeAt - now.steady : due
        return max(due, probe, heldUntilWall)
    }

    /// Works by new settings from now on.
    mutating func update(_ settings: TargetSettings, concurrency: Int? = nil, now: Moment) {
        if settings.rate != self.settings.rate || settings.burst != self.settings.burst {
            bucket = settings.rate.map { TokenBucket($0, burst: settings.burst, now: now.steady) }
        }
        if settings.paused != self.settings.paused { pausedByHand = nil }
        self.settings = settings
        fixedConcurrency = max(1, concurrency ?? settings.concurrency)
        if settings.adaptsConcurrency != (adaptive != nil) {
            adaptive = settings.adaptsConcurrency ? AdaptiveConcurrency() : nil
        }
    }

    /// An attempt ended that tells something of the target's load.
    mutating func observe(milliseconds: Int64, isOverload: Bool) {
        let inFlight = inFlight
        adaptive?.observe(milliseconds: milliseconds, isOverload: isOverload, inFlight: inFlight)
    }

    /// Deliveries came from the log, each with the lane of its order key.
    mutating func received(
        _ deliveries: [(delivery: OwedDelivery, lane: UInt64?)], now: Moment, _ effects: inout Effects
    ) {
        credit = max(0, credit - deliveries.count)
        for (delivery, lane) in deliveries {
            // Of an emptied queue the log may hand out what came since: it must know that nobody has it in hand.
            if isStopping || isEmptied {
                effects.settle.append(Settlement(event: delivery.event, state: .untried, progress: delivery.progress))
            } else {
                lanes.add(Lanes.Entry(delivery: delivery, lane: lane), now: now)
            }
        }
        advance(now: now, &effects)
    }

    /// An attempt ended. `targetIsUp` says what that tells of the target: `nil` for nothing. `random` is from 0 up to 1.
    mutating func ended(
        _ event: EventNumber, _ verdict: Verdict, targetIsUp: Bool?, now: Moment, random: Double,
        _ effects: inout Effects
    ) {
        guard var entry = underWay.removeValue(forKey: event) else { return }
        let before = breaker.state
        var counts = true
        switch targetIsUp {
        case true?: breaker.succeeded()
        case false?: counts = !breaker.failed(settings.breaker, atOnce: verdict == .ours, now: now.steady)
        case nil: breaker.undecided()
        }
        if breaker.state != before && (breaker.state == .closed || before == .closed) {
            effects.breaker = breaker.state
        }
        var held: Int64 = 0
        if case .held(let milliseconds) = verdict {
            held = now.wall + milliseconds
            if now.steady + milliseconds > heldUntil {
                (heldUntil, heldUntilWall) = (now.steady + milliseconds, held)
            }
        }
        if verdict != .untried { entry.delivery.progress.count(counts, endedAt: now.wall) }
        let progress = entry.delivery.progress
        if givenUp.remove(event) != nil && verdict != .done {
            settle(entry, .failed, now: now, &effects)
            return advance(now: now, &effects)
        }
        switch verdict {
        case .done: settle(entry, .done, now: now, &effects)
        case .final: settle(entry, .failed, now: now, &effects)
        case .untried: settle(entry, handedBack(entry), now: now, &effects)
        case .again, .held, .ours:
            let next = RetrySchedule.next(
                settings.retry, made: Int(progress.attempts - progress.attemptsBefore), since: progress.since,
                now: now.wall, held: held, random: random)
            guard let next else { return settleFailed(entry, now: now, &effects) }
            entry.delivery.notBefore = next
            if entry.lane != nil && !isStopping {
                entry.hasNews = true
                lanes.wait(entry, now: now)
                effects.settle.append(
                    Settlement(event: event, state: .later(notBefore: next, kept: true), progress: progress))
            } else {
                settle(entry, .later(notBefore: next, kept: false), now: now, &effects)
            }
        }
        advance(now: now, &effects)
    }

    /// So many of the failures that were settled need no more care.
    mutating func written(_ count: Int, now: Moment, _ effects: inout Effects) {
        unwritten -= count
        advance(now: now, &effects)
    }

    /// Time has passed.
    mutating func tick(now: Moment, _ effects: inout Effects) {
        advance(now: now, &effects)
    }

    /// Starts nothing more until `resume`; what is under way ends as it ends.
    mutating func pause() { pausedByHand = settings.paused ? nil : true }

    /// Goes on.
    mutating func resume(now: Moment, _ effects: inout Effects) {
        pausedByHand = settings.paused ? false : nil
        advance(now: now, &effects)
    }

    /// Forgets what is in hand and not under way, and takes nothing until `takeUp`. Answers what is under way: it ends as it
    /// ends, and with `givingUp` it is not tried again.
    mutating func letGo(givingUp: Bool) -> Set<EventNumber> {
        isEmptied = true
        _ = lanes.drain(keeping: underWay.values.compactMap(\.lane))
        let events = Set(underWay.keys)
        if givingUp { givenUp.formUnion(events) }
        return events
    }

    /// Goes on with what the log has left for it.
    mutating func takeUp(now: Moment, _ effects: inout Effects) {
        isEmptied = false
        advance(now: now, &effects)
    }

    /// Tries a delivery that waits in hand at once.
    mutating func hurry(_ event: EventNumber, now: Moment, _ effects: inout Effects) {
        if lanes.hurry(event) { advance(now: now, &effects) }
    }

    /// Starts nothing more and hands back what is not under way.
    mutating func stop(_ effects: inout Effects) {
        isStopping = true
        for entry in lanes.drain() where underWay[entry.delivery.event] == nil {
            effects.settle.append(
                Settlement(event: entry.delivery.event, state: handedBack(entry), progress: entry.delivery.progress))
        }
    }

    /// When `tick` is to be called, by the steady clock (at once, if that is past); `nil` if nothing waits for time to pass.
    mutating func wakeAt(now: Moment) -> Int64? {
        guard !isPaused, !isStopping, !isEmptied else { return nil }
        let wake = lanes.nextDue
        guard lanes.hasReady, inFlight < concurrency, unwritten < TargetQueue.unwrittenLimit else { return wake }
        // What has become due since it was looked at is due now: nobody else would start it.
        var start = max(heldUntil, now.steady)
        if breaker.state == .open && inFlight == 0 { start = max(start, breaker.probeAt) }
        guard breaker.allows(inFlight: inFlight, now: start) else { return wake }
        start = max(start, bucket?.nextAt(now: now.steady) ?? start)
        return min(wake ?? start, start)
    }

    private mutating func advance(now: Moment, _ effects: inout Effects) {
        guard !isStopping, !isEmptied else { return }
        lanes.tick(now: now)
        if now.steady >= heldUntil { heldUntilWall = 0 }
        while !isPaused, lanes.hasReady, inFlight < concurrency, unwritten < TargetQueue.unwrittenLimit,
            now.steady >= heldUntil,
            breaker.allows(inFlight: inFlight, now: now.steady), bucket?.take(now: now.steady) ?? true,
            let entry = lanes.next()
        {
            breaker.started()
            underWay[entry.delivery.event] = entry
            effects.start.append(entry.delivery)
        }
        ask(&effects)
    }

    /// Asks for more once half of the window is free: batches, not items. The other half is at least twice what may be under way.
    private mutating func ask(_ effects: inout Effects) {
        guard !isPaused, breaker.state == .closed || !lanes.hasReady else { return }
        let free = window - lanes.count - credit
        guard free >= max(1, window / 2) else { return }
        credit += free
        effects.request += free
    }

    private mutating func settleFailed(_ entry: Lanes.Entry, now: Moment, _ effects: inout Effects) {
        settle(entry, .failed, now: now, &effects)
        advance(now: now, &effects)
    }

    private mutating func settle(
        _ entry: Lanes.Entry, _ state: Settlement.State, now: Moment, _ effects: inout Effects
    ) {
        if state == .failed { unwritten += 1 }
        effects.settle.append(
            Settlement(event: entry.delivery.event, state: state, progress: entry.delivery.progress))
        lanes.finish(entry, now: now)
    }

    /// What the log is told of a delivery that comes back as it was taken, or with progress that only this queue knows of.
    private func handedBack(_ entry: Lanes.Entry) -> Settlement.State {
        entry.hasNews ? .later(notBefore: entry.delivery.notBefore, kept: false) : .untried
    }
}

extension Progress {
    /// Counts an attempt. One that the breaker answers for is made, but not held against the delivery.
    mutating func count(_ counts: Bool, endedAt now: Int64) {
        attempts += 1
        if !counts { attemptsBefore += 1 }
        if since == 0 { since = now }
    }
}
