/// When a delivery that failed is tried again, or that it is given up.
enum RetrySchedule {
    /// How far a wait may be from its schedule, as a part of it: 0.2 is 20 % to either side. Spreads what failed together.
    static let jitter = 0.2
    /// The sender's own schedule makes no more retries than this.
    static let voucherifyRetries = 12

    /// When the next attempt is due, in milliseconds since 1970; `nil` if there is none.
    ///
    /// - Parameters:
    ///   - made: attempts of the present schedule that count, the one that just ended included.
    ///   - since: when the schedule's first attempt ended, in milliseconds since 1970.
    ///   - held: not before this moment, whatever the schedule says.
    ///   - random: a number from 0 up to 1.
    static func next(
        _ policy: RetryPolicy, made: Int, since: Int64, now: Int64, held: Int64 = 0, random: Double
    ) -> Int64? {
        if let attempts = policy.attempts, made >= attempts { return nil }
        var due: Int64
        switch policy.schedule {
        case .voucherify:
            if made > voucherifyRetries { return nil }
            let minutes: Int64 = made < voucherifyRetries ? 1 << Int64(max(made, 1) - 1) : 1440
            due = since + minutes * 60_000
        case .exponential(let first, let factor, let max):
            due = now + wait(first: first, factor: factor, max: max, made: made, random: random)
        }
        due = Swift.max(due, now, held)
        return due - since > policy.deadline.milliseconds ? nil : due
    }

    private static func wait(first: Duration, factor: Double, max: Duration, made: Int, random: Double) -> Int64 {
        let limit = Double(max.milliseconds)
        var base = Double(first.milliseconds)
        for _ in 1..<Swift.max(made, 1) where base < limit { base *= factor }
        let jittered = min(base, limit) * (1 + jitter * (2 * random - 1))
        return Int64(jittered.isFinite ? Swift.max(jittered, 0) : limit)
    }
}
