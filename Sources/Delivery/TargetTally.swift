import Platform

/// What a target's attempts have come to since the start. A plain value: its worker owns it, and hands out copies.
public struct TargetTally: Sendable {
    /// Attempts that failed, whether they are made again or not.
    public private(set) var failedAttempts = CauseCounts()
    /// Deliveries given up.
    public private(set) var failedDeliveries = CauseCounts()
    /// How long attempts took.
    public private(set) var attempts = Histogram(.attempt)
    /// From the 202 to the delivery.
    public private(set) var deliveries = Histogram(.delivery)
    /// What the last hour's minutes brought.
    public private(set) var hour = RecentHour()
    private var present = Histogram(.attempt)
    private var former = Histogram(.attempt)
    private var presentSince: Int64 = 0

    /// Attempts of these many milliseconds stand for how long they take at present; then as many again.
    private static let windowMilliseconds: Int64 = 300_000

    /// How long attempts took in the last five to ten minutes.
    public var recentAttempts: Histogram {
        var both = present
        both.add(former)
        return both
    }

    /// Counts an attempt that has ended: how, after how long, and how long after its event was received, in milliseconds.
    mutating func count(
        _ status: AttemptRecord.Status, _ ending: AttemptEnding, took: Int64, age: Int64, now: Moment
    ) {
        if now.steady - presentSince >= TargetTally.windowMilliseconds {
            let isRecent = now.steady - presentSince < 2 * TargetTally.windowMilliseconds
            former = isRecent ? present : Histogram(.attempt)
            present = Histogram(.attempt)
            presentSince = now.steady
        }
        attempts.add(microseconds: took * 1000)
        present.add(microseconds: took * 1000)
        hour.count(succeeded: status == .succeeded, now: now.steady)
        if status == .succeeded { return deliveries.add(microseconds: age * 1000) }
        let cause = FailureCause(ending) ?? .other
        failedAttempts.count(cause)
        if status == .failed { failedDeliveries.count(cause) }
    }
}

/// Numbers by cause, all there from the start.
public struct CauseCounts: Sendable {
    private var counts = InlineArray<16, Int>(repeating: 0)

    mutating func count(_ cause: FailureCause) { counts[CauseCounts.place(cause)] += 1 }

    /// How many failed for this cause.
    public subscript(cause: FailureCause) -> Int { counts[CauseCounts.place(cause)] }

    private static func place(_ cause: FailureCause) -> Int { FailureCause.allCases.firstIndex(of: cause) ?? 0 }
}
