import Testing

@testable import Delivery

struct TokenBucketTests {
    /// How many tokens are there at a moment.
    private func takeAll(_ bucket: inout TokenBucket, now: Int64) -> Int {
        var count = 0
        while bucket.take(now: now) { count += 1 }
        return count
    }

    @Test func aTenthOfASecondsWorthGoesOutAtOnce() {
        var bucket = TokenBucket(Rate(count: 200, per: .seconds(1)), now: 0)
        #expect(takeAll(&bucket, now: 0) == 20)
    }

    @Test func thenItFlowsEvenly() {
        var bucket = TokenBucket(Rate(count: 200, per: .seconds(1)), now: 0)
        _ = takeAll(&bucket, now: 0)
        for now in 1...1000 { #expect(takeAll(&bucket, now: Int64(now * 5)) == 1) }
    }

    @Test func aLongPauseSavesUpNoMoreThanThatTenth() {
        var bucket = TokenBucket(Rate(count: 200, per: .seconds(1)), now: 0)
        _ = takeAll(&bucket, now: 0)
        #expect(takeAll(&bucket, now: 3_600_000) == 20)
    }

    @Test func aSlowRateStillHasItsOneToken() {
        var bucket = TokenBucket(Rate(count: 6, per: .seconds(60)), now: 0)
        #expect(takeAll(&bucket, now: 0) == 1)
        let next = bucket.nextAt(now: 0)
        #expect(next == 10_000)
        #expect(takeAll(&bucket, now: 9_999) == 0)
        #expect(takeAll(&bucket, now: 10_000) == 1)
    }

    @Test(arguments: [1, 3, 7, 100, 333, 999, 5000]) func atTheMomentItNamesATokenIsThereSoon(count: Int) {
        var bucket = TokenBucket(Rate(count: count, per: .seconds(1)), now: 0)
        _ = takeAll(&bucket, now: 0)
        var now: Int64 = 0
        for _ in 1...200 {
            let next = bucket.nextAt(now: now)
            #expect(next > now)
            // Rounding may cost one more millisecond, never more.
            now = bucket.take(now: next) ? next : next + 1
            if now != next {
                let taken = bucket.take(now: now)
                #expect(taken)
            }
            _ = takeAll(&bucket, now: now)
        }
    }

    @Test func overAMinuteTheRateHolds() {
        var bucket = TokenBucket(Rate(count: 100, per: .seconds(1)), now: 0)
        var taken = 0
        for now in 0..<60_000 { taken += takeAll(&bucket, now: Int64(now)) }
        #expect((5990...6010).contains(taken))
    }

    @Test func aClockThatStandsStillOrGoesBackGivesNothing() {
        var bucket = TokenBucket(Rate(count: 10, per: .seconds(1)), now: 1000)
        _ = takeAll(&bucket, now: 1000)
        #expect(takeAll(&bucket, now: 0) == 0)
        #expect(takeAll(&bucket, now: 1000) == 0)
    }
}
