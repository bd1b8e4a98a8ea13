import Foundation
import Testing

@testable import Delivery

struct SimulatedWeekTests {
    private static let isFull = ProcessInfo.processInfo.environment["HOOKSWITCH_TESTS"] != nil

    @Test func targetsWithOutagesGetTheirEventsInTheirTimeOverAWeek() throws {
        let seed = ProcessInfo.processInfo.environment["WEEK_SEED"].flatMap { UInt64($0) } ?? 1
        var week = try SimulatedWeek(seed: seed, targets: Self.isFull ? 1000 : 60)
        week.run()
        print(
            """
            the week of seed \(seed): \(week.arrived) events, \(week.attempts) attempts, \(week.attemptsWhileDown) of them in \
            \(week.outages) outages of \(week.downMilliseconds / 3_600_000) hours, breakers opened \(week.openings) times, \
            at most \(week.mostInHand) deliveries in hand, the longest wait while up \(week.longestWaitWhileUp / 1000) s
            """)
        #expect(week.faults.isEmpty, "seed \(seed): \(week.faults.prefix(5))")
        #expect(week.done + week.failed == week.arrived, "seed \(seed): none is starved, none is lost")
        #expect(
            week.failed == 0,
            "seed \(seed): no outage is as long as a schedule, and an open breaker uses up no attempts")
        #expect(week.openings > 0)
        #expect(week.openings <= week.outages, "an outage opens its target's breaker once")
        // A probe in thirty seconds, and what opened the breaker: the rest waits.
        let probes = Int(week.downMilliseconds / 30_000) + week.outages * 32
        #expect(week.attemptsWhileDown <= probes)
        // An hour is the longest wait of a schedule, and 20 % its jitter; the sender's own has its last at a day.
        #expect(week.longestWaitWhileUp < SimulatedWeek.day + 3_600_000)
    }
}
