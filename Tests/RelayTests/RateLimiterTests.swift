import Delivery
import Testing

@testable import HTTPServer
@testable import Relay

/// Rates of a source, counted by a clock that the test moves.
struct RateLimiterTests {
    private let fivePerSecond = Rate(count: 5, per: .seconds(1))

    @Test func soManyAtOnceThenEvenly() {
        let limiter = RateLimiter(RequestRate(requests: fivePerSecond), now: 0)
        for _ in 0..<5 { #expect(limiter.take(now: 0) == nil) }
        #expect(limiter.take(now: 0) == 1)
        #expect(limiter.take(now: 199) == 1)
        #expect(limiter.take(now: 200) == nil)
        #expect(limiter.take(now: 200) == 1)
        for _ in 0..<5 { #expect(limiter.take(now: 60_000) == nil) }
        #expect(limiter.take(now: 60_000) == 1)
    }

    @Test func theTimeToWaitIsWholeSecondsAndLongEnough() {
        let limiter = RateLimiter(RequestRate(requests: Rate(count: 2, per: .seconds(60))), now: 0)
        #expect(limiter.take(now: 0) == nil)
        #expect(limiter.take(now: 0) == nil)
        #expect(limiter.take(now: 0) == 30)
        #expect(limiter.take(now: 30_000) == nil)
    }

    @Test func eachAddressIsCountedByItselfAndANetworkOfIPv6AsOne() throws {
        let limiter = RateLimiter(RequestRate(perAddress: Rate(count: 1, per: .seconds(1))), now: 0)
        #expect(limiter.take(from: .v4(1), now: 0) == nil)
        #expect(limiter.take(from: .v4(1), now: 0) == 1)
        #expect(limiter.take(from: .v4(2), now: 0) == nil)
        #expect(limiter.take(from: .v6(7, 1), now: 0) == nil)
        #expect(limiter.take(from: .v6(7, 2), now: 0) == 1)
        #expect(limiter.take(from: .v6(8, 1), now: 0) == nil)
        #expect(limiter.take(now: 0) == nil, "the source as a whole has no rate")
    }

    @Test func theTableForgetsQuietAddressesFirst() {
        let limiter = RateLimiter(RequestRate(perAddress: Rate(count: 2, per: .seconds(1))), now: 0)
        for address in 0..<UInt32(RateLimiter.addressLimit - 1) {
            #expect(limiter.take(from: .v4(address), now: 0) == nil)
        }
        let busy = PeerAddress.v4(.max)
        for _ in 0..<2 { #expect(limiter.take(from: busy, now: 1000) == nil) }
        #expect(limiter.take(from: .v4(.max - 1), now: 1000) == nil)
        #expect(limiter.take(from: busy, now: 1000) == 1, "it was not forgotten")
    }
}
