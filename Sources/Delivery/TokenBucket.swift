/// Paces what is started: `rate`. A tenth of a second's worth may go out at once, then it flows evenly.
struct TokenBucket: Sendable {
    private let perMillisecond: Double
    private let burst: Double
    private var tokens: Double
    private var filledAt: Int64

    /// A full bucket; `now` by the steady clock, in milliseconds.
    init(_ rate: Rate, now: Int64) {
        perMillisecond = Double(max(rate.count, 1)) / Double(max(rate.per.milliseconds, 1))
        burst = max(1, perMillisecond * 100)
        tokens = burst
        filledAt = now
    }

    /// Takes a token if there is one.
    mutating func take(now: Int64) -> Bool {
        fill(now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    /// When the next token is there.
    mutating func nextAt(now: Int64) -> Int64 {
        fill(now)
        return tokens >= 1 ? now : now + max(1, Int64(((1 - tokens) / perMillisecond).rounded(.up)))
    }

    private mutating func fill(_ now: Int64) {
        guard now > filledAt else { return }
        tokens = min(burst, tokens + Double(now - filledAt) * perMillisecond)
        filledAt = now
    }
}
