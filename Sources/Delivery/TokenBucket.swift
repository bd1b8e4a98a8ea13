/// Paces what is started: `rate`. So many may go at once, a tenth of a second's worth if nothing else is said; then it flows
/// evenly.
public struct TokenBucket: Sendable {
    private let perMillisecond: Double
    private let burst: Double
    private var tokens: Double
    private var filledAt: Int64

    /// A full bucket that holds `burst`; `now` by the steady clock, in milliseconds.
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

    /// Whether nothing was taken for so long that it is as new.
    public func isFull(now: Int64) -> Bool {
        tokens + Double(max(0, now - filledAt)) * perMillisecond >= burst
    }

    private mutating func fill(_ now: Int64) {
        guard now > filledAt else { return }
        tokens = min(burst, tokens + Double(now - filledAt) * perMillisecond)
        filledAt = now
    }
}
