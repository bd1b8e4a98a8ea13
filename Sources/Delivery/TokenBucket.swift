/// Paces what is started: `rate`. So much as the burst may go out at once, then it flows evenly. A plain value.
public struct TokenBucket: Sendable {
    private let perMillisecond: Double
    private let burst: Double
    private var tokens: Double
    private var filledAt: Int64

    /// A full bucket; `now` by the steady clock, in milliseconds. Without a burst of its own a tenth of a second's worth, at
    /// least one, may go out at once.
    public init(_ rate: Rate, burst: Int? = nil, now: Int64) {
        perMillisecond = Double(max(rate.count, 1)) / Double(max(rate.per.milliseconds, 1))
        self.burst = max(1, burst.map(Double.init) ?? perMillisecond * 100)
        tokens = self.burst
        filledAt = now
    }

    /// Takes a token if there is one.
    public mutating func take(now: Int64) -> Bool {
        fill(now)
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    /// When the next token is there.
    public mutating func nextAt(now: Int64) -> Int64 {
        fill(now)
        return tokens >= 1 ? now : now + max(1, Int64(((1 - tokens) / perMillisecond).rounded(.up)))
    }

    private mutating func fill(_ now: Int64) {
        guard now > filledAt else { return }
        tokens = min(burst, tokens + Double(now - filledAt) * perMillisecond)
        filledAt = now
    }
}
