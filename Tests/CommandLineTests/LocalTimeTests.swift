import Foundation
import Testing

@testable import hookswitch

/// Moments in local time. The zone is the process's: the tests are right in all of them.
struct LocalTimeTests {
    private let now = LocalTime.read("2026-07-14 15:04:05", now: 0) ?? 0

    @Test func aMomentIsShownAsFarAsItIsNotPlain() {
        #expect(LocalTime.text(now - 4000, now: now) == "15:04:01")
        #expect(LocalTime.text(now - 86_400_000, now: now) == "Jul 13 15:04:05")
        #expect(LocalTime.text(now - 365 * 86_400_000, now: now) == "2025-07-14 15:04:05")
    }

    @Test(arguments: [
        (4, "4 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (172_800, "2 d"),
        (-40, "in 40 s"),
    ]) func anAgeIsOneNumber(_ seconds: Int64, _ text: String) {
        #expect(LocalTime.age(now - seconds * 1000, now: now) == text)
    }

    @Test func whatIsShownCanBeWrittenBehindSince() throws {
        let shown = try #require(LocalTime.read("15:04:01", now: now))
        #expect(shown == now - 4000)
        #expect(LocalTime.read("15:04", now: now) == now - 5000)
        #expect(LocalTime.read("2026-07-14T15:04:05", now: now) == now)
        #expect(LocalTime.read("2026-07-14", now: now) == LocalTime.read("2026-07-14 00:00", now: now))
    }

    @Test(arguments: [
        "yesterday", "25:00", "2026-13-01", "1h", "", "15", "2026-07-14 15", "12:00:00:00", "2026-07-14Tx:y",
    ])
    func whatIsNoMomentIsNone(_ text: String) {
        #expect(LocalTime.read(text, now: now) == nil)
    }

    @Test func anAuditLinesMomentIsReadBack() {
        #expect(LocalTime.milliseconds("1970-01-02T00:00:01.250Z") == 86_401_250)
        #expect(LocalTime.milliseconds("1970-01-02T00:00:01.250") == nil)
        #expect(LocalTime.described("none", now: now) == "none")
    }
}
