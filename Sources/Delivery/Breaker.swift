/// Tells whether a target is down, so that its queue waits instead of wearing out its deliveries.
///
///     closed ──(after failures in a row, or ours)──▶ open ──(probe time)──▶ half-open ──(success)──▶ closed
///                                                      ▲───────────────(failure)─────────┘
public struct Breaker: Sendable, Equatable {
    /// The states.
    public enum State: String, Sendable {
        case closed, open
        case halfOpen = "half-open"
    }

    /// The state it is in.
    public private(set) var state = State.closed
    /// When a probe may go out, by the steady clock in milliseconds; it has a meaning while open.
    public private(set) var probeAt: Int64 = 0
    /// How often it has opened.
    public private(set) var openings = 0
    private var failures = 0

    /// Whether an attempt may start, `inFlight` others being under way.
    func allows(inFlight: Int, now: Int64) -> Bool {
        switch state {
        case .closed: true
        case .open: now >= probeAt && inFlight == 0
        case .halfOpen: inFlight == 0
        }
    }

    /// An attempt starts.
    mutating func started() {
        if state == .open { state = .halfOpen }
    }

    /// The target works.
    mutating func succeeded() {
        state = .closed
        failures = 0
    }

    /// The target failed; `at once` where one failure is enough. The answer is whether the breaker is not closed now.
    mutating func failed(_ settings: BreakerSettings, atOnce: Bool, now: Int64) -> Bool {
        guard settings.after > 0 else { return false }
        failures += 1
        switch state {
        case .closed:
            guard atOnce || failures >= settings.after else { return false }
            open(settings, now: now)
        case .halfOpen: open(settings, now: now)
        case .open: break
        }
        return true
    }

    /// The probe came to nothing: not made, or an answer that says nothing of the target.
    mutating func undecided() {
        if state == .halfOpen { state = .open }
    }

    /// Opens it as it was left before a restart.
    mutating func reopen(now: Int64) {
        state = .open
        probeAt = now
    }

    private mutating func open(_ settings: BreakerSettings, now: Int64) {
        if state == .closed { openings += 1 }
        state = .open
        probeAt = now + settings.probe.milliseconds
    }
}
