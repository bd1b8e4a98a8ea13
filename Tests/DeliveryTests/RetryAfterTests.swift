import Testing

@testable import Delivery

struct RetryAfterTests {
    /// 2026-01-01T00:00:00Z.
    private static let now: Int64 = 1_767_225_600_000

    private func wait(_ field: String) -> Int64? {
        RetryAfter(field)?.milliseconds(from: RetryAfterTests.now)
    }

    @Test func secondsCountFromNow() {
        #expect(RetryAfter("120") == .seconds(120))
        #expect(wait("120") == 120_000)
        #expect(wait(" 7\t") == 7000)
        #expect(wait("0") == 0)
        #expect(wait("007") == 7000)
    }

    @Test func aDateSaysWhen() {
        #expect(wait("Thu, 01 Jan 2026 00:00:30 GMT") == 30_000)
        #expect(wait("Thursday, 01-Jan-26 00:01:00 GMT") == 60_000)
        #expect(wait("Thu Jan  1 00:02:00 2026") == 120_000)
    }

    @Test func aDateInThePastMeansNow() {
        #expect(wait("Wed, 31 Dec 2025 23:59:59 GMT") == 0)
        #expect(wait("Sun, 06 Nov 1994 08:49:37 GMT") == 0)
    }

    @Test(arguments: ["3600", "3601", "86400", "9223372036854775807", "99999999999999999999999999"])
    func noNumberIsWaitedForLongerThanAnHour(field: String) {
        #expect(wait(field) == 3_600_000)
    }

    @Test(arguments: ["Thu, 01 Jan 2026 01:00:01 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"])
    func noDateIsWaitedForLongerThanAnHour(field: String) {
        #expect(wait(field) == 3_600_000)
    }

    @Test(arguments: ["", " ", "-5", "+5", "1.5", "5s", "soon", "1e3", "٣", "Thu, 01 Jan 2026", "0x10"])
    func whatIsNeitherNumberNorDateSaysNothing(field: String) {
        #expect(RetryAfter(field) == nil)
    }
}
