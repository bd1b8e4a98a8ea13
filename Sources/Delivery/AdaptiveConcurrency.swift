/// How many attempts a target bears at once, found by watching it: `"concurrency": "auto"`. A plain value.
///
/// While the latency of a window of endings is near the lowest, the limit grows by its square root; as the latency rises, the
/// limit falls in proportion, by half at most (after the gradient limit of Netflix' concurrency-limits,
/// https://github.com/Netflix/concurrency-limits). What the lowest is, is measured anew from time to time with a quarter of the
/// limit, as TCP Vegas does (Brakmo and Peterson, 1995). What says "too much" in words, 429, 503 or a timeout, halves the limit
/// at once, but once a window, since many attempts hear the same (multiplicative decrease: Chiu and Jain, 1989).
struct AdaptiveConcurrency: Sendable {
    static let limits = 1.0...256.0
    static let initialLimit = 8.0
    /// A window has as many endings as the limit, and at least so many.
    static let windowMinimum = 10
    /// How much slower than the lowest a window may be before the limit falls.
    static let tolerance = 1.5
    /// How much of a window's verdict is taken over.
    static let smoothing = 0.2
    /// After so many windows the lowest latency is measured anew.
    static let windowsBetweenProbes = 200

    private var exact = AdaptiveConcurrency.initialLimit
    /// The lowest latency of a window since it was measured; 0 before the first.
    private var lowest = 0.0
    private var windows = 0
    private var isProbing = false
    private var sum = 0.0
    private var count = 0
    private var peak = 0
    /// Endings to go whose attempts began by another limit: what they tell is not of this one.
    private var stale = 0
    /// Endings to go until the limit may be halved again.
    private var untilNextCut = 0

    /// The limit now.
    var limit: Int { isProbing ? max(1, Int(exact) / 4) : Int(exact) }

    /// An attempt ended that tells something of the target's load: how long it took in milliseconds, whether it was refused for
    /// load, and how many were under way with it.
    mutating func observe(milliseconds: Int64, isOverload: Bool, inFlight: Int) {
        untilNextCut = max(0, untilNextCut - 1)
        if isOverload {
            guard untilNextCut == 0 else { return }
            exact = max(AdaptiveConcurrency.limits.lowerBound, exact / 2)
            untilNextCut = max(inFlight, limit)
            return beginWindow(stale: inFlight)
        }
        guard stale == 0 else {
            stale -= 1
            return
        }
        sum += Double(max(milliseconds, 1))
        count += 1
        peak = max(peak, inFlight)
        guard count >= max(AdaptiveConcurrency.windowMinimum, limit) else { return }
        closeWindow(latency: sum / Double(count), inFlight)
    }

    private mutating func closeWindow(latency: Double, _ inFlight: Int) {
        if isProbing {
            isProbing = false
            lowest = latency
            windows = 0
            return beginWindow(stale: 0)
        }
        lowest = lowest == 0 ? latency : min(lowest, latency)
        let gradient = min(1, max(0.5, AdaptiveConcurrency.tolerance * lowest / latency))
        let next = exact * gradient + exact.squareRoot()
        // A target that was not asked for more than half of it has not shown that it bears more.
        if next < exact || 2 * peak >= limit {
            let smoothed = exact + (next - exact) * AdaptiveConcurrency.smoothing
            exact = min(AdaptiveConcurrency.limits.upperBound, max(AdaptiveConcurrency.limits.lowerBound, smoothed))
        }
        windows += 1
        isProbing = windows == AdaptiveConcurrency.windowsBetweenProbes
        beginWindow(stale: isProbing ? inFlight : 0)
    }

    private mutating func beginWindow(stale: Int) {
        self.stale = stale
        sum = 0
        count = 0
        peak = 0
    }
}

extension AttemptEnding {
    /// Whether the target says that it is asked too much; `nil` if the ending tells nothing of its load.
    var isOverload: Bool? {
        switch self {
        case .answered(let answer) where answer.judged == 429 || answer.judged == 503: true
        case .answered, .exited, .written: false
        case .broken: FailureCause(self) == .timeout ? true : nil
        case .unfit, .cancelled: nil
        }
    }
}
