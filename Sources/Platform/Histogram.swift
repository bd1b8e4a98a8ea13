/// How often durations of each size came up. A plain value without memory of its own: whoever counts owns it, and hands out copies.
public struct Histogram: Sendable {
    /// Which sizes are told apart.
    public enum Scale: Sendable {
        /// From a quarter of a millisecond to 10 s: the answer to a sender, a sync.
        case answer
        /// From a millisecond to a minute: one attempt.
        case attempt
        /// From 5 ms to a day: an event on its way.
        case delivery

        /// The upper bounds in microseconds; what is longer counts behind the last.
        public var bounds: [Int64] {
            switch self {
            case .answer: Scale.answerBounds
            case .attempt: Scale.attemptBounds
            case .delivery: Scale.deliveryBounds
            }
        }

        private static let answerBounds: [Int64] = [
            250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
            5_000_000, 10_000_000,
        ]
        private static let attemptBounds: [Int64] = [
            1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
            10_000_000, 30_000_000, 60_000_000,
        ]
        private static let deliveryBounds: [Int64] = [
            5000, 25_000, 100_000, 500_000, 1_000_000, 5_000_000, 15_000_000, 60_000_000, 300_000_000, 900_000_000,
            3_600_000_000, 14_400_000_000, 86_400_000_000,
        ]
    }

    /// Which sizes are told apart.
    public let scale: Scale
    /// How many there were of each size, in the order of the bounds; behind them those beyond the last.
    private var counts = InlineArray<16, Int>(repeating: 0)
    /// All durations together, in microseconds.
    private var sumMicroseconds: Int64 = 0

    /// Nothing yet.
    public init(_ scale: Scale) { self.scale = scale }

    /// Counts a duration, which came up so many times. A clock that went back counts as no time at all.
    public mutating func add(microseconds: Int64, times: Int = 1) {
        let duration = max(0, microseconds)
        let bounds = scale.bounds
        var place = 0
        while place < bounds.count && duration > bounds[place] { place += 1 }
        counts[place] += times
        sumMicroseconds &+= duration &* Int64(times)
    }

    /// Adds what another of the same scale has counted.
    public mutating func add(_ other: Histogram) {
        for place in counts.indices { counts[place] += other.counts[place] }
        sumMicroseconds &+= other.sumMicroseconds
    }

    /// How many there were.
    public var count: Int { counts.indices.reduce(0) { $0 + counts[$1] } }

    /// All durations together, in seconds.
    public var sumSeconds: Double { Double(sumMicroseconds) / 1e6 }

    /// How many there were up to each bound, in seconds, in the order of the bounds.
    public var upToBounds: [(seconds: Double, count: Int)] {
        var sum = 0
        return scale.bounds.enumerated().map { place, bound in
            sum += counts[place]
            return (Double(bound) / 1e6, sum)
        }
    }

    /// The duration that a share of all (from 0 to 1) stays within, in seconds, as exactly as the sizes tell; `nil` if there is none.
    public func quantile(_ share: Double) -> Double? {
        let total = count
        guard total > 0 else { return nil }
        let wanted = share * Double(total)
        var before = 0.0
        var lower = 0.0
        for (place, bound) in scale.bounds.enumerated() {
            let upper = Double(bound) / 1e6
            let here = Double(counts[place])
            if here > 0 && before + here >= wanted { return lower + (upper - lower) * (wanted - before) / here }
            before += here
            lower = upper
        }
        return lower
    }
}
