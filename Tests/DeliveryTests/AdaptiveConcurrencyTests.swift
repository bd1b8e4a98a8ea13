import Testing

@testable import Delivery

struct AdaptiveConcurrencyTests {
    /// A target that serves so many at once in ten milliseconds, and more of them in proportion slower.
    private func settled(_ capacity: Double, rounds: Int = 300) -> AdaptiveConcurrency {
        var adaptive = AdaptiveConcurrency()
        for _ in 0..<rounds {
            let inFlight = adaptive.limit
            let latency = 10 * max(1, Double(inFlight) / capacity)
            for _ in 0..<inFlight {
                adaptive.observe(milliseconds: Int64(latency), isOverload: false, inFlight: inFlight)
            }
        }
        return adaptive
    }

    @Test func itGrowsWhileTheLatencyStaysFlat() {
        #expect(settled(1e9).limit > 200)
        #expect(settled(1e9, rounds: 1000).limit <= 256)
    }

    @Test func itStopsWhereTheTargetGrowsSlow() {
        for rounds in [300, 1000] {
            let limit = settled(20, rounds: rounds).limit
            #expect(limit > 20)
            #expect(limit < 60)
        }
    }

    @Test func refusalsForLoadHalveItOnceAWindow() {
        var adaptive = settled(1e9)
        let before = adaptive.limit
        for _ in 0..<before { adaptive.observe(milliseconds: 5, isOverload: true, inFlight: before) }
        #expect(adaptive.limit == before / 2)
        for _ in 0..<5000 { adaptive.observe(milliseconds: 5, isOverload: true, inFlight: adaptive.limit) }
        #expect(adaptive.limit == 1)
    }

    @Test func aTargetThatIsHardlyAskedShowsNothing() {
        var adaptive = AdaptiveConcurrency()
        for _ in 0..<1000 { adaptive.observe(milliseconds: 5, isOverload: false, inFlight: 1) }
        #expect(adaptive.limit == Int(AdaptiveConcurrency.initialLimit))
    }

    @Test func itIsTimeoutsAndRefusalsForLoadThatCount() {
        #expect(AttemptEnding.answered(.init(status: 429)).isOverload == true)
        #expect(AttemptEnding.answered(.init(status: 503)).isOverload == true)
        #expect(AttemptEnding.answered(.init(status: 500)).isOverload == false)
        #expect(AttemptEnding.broken(reason: "timeout connecting: x").isOverload == true)
        #expect(AttemptEnding.broken(reason: "connection refused: x").isOverload == nil)
    }
}
