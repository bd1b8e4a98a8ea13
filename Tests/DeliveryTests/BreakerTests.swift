import Testing

@testable import Delivery

struct BreakerTests {
    private let settings: BreakerSettings = {
        var settings = BreakerSettings()
        settings.after = 3
        settings.probe = .seconds(30)
        return settings
    }()

    /// A breaker that three failures have opened at 1000.
    private func opened() -> Breaker {
        var breaker = Breaker()
        for _ in 1...3 { _ = breaker.failed(settings, atOnce: false, now: 1000) }
        return breaker
    }

    @Test func itOpensAfterSoManyFailuresInARow() {
        var breaker = Breaker()
        let answers = (1...3).map { breaker.failed(settings, atOnce: false, now: $0) }
        #expect(answers == [false, false, true])
        #expect(breaker.state == .open)
        #expect(breaker.openings == 1)
    }

    @Test func aSuccessBeginsTheRowAnew() {
        var breaker = Breaker()
        for _ in 1...5 {
            _ = breaker.failed(settings, atOnce: false, now: 1)
            _ = breaker.failed(settings, atOnce: false, now: 1)
            breaker.succeeded()
        }
        #expect(breaker == Breaker())
    }

    @Test func oneRefusalOfOurCredentialsIsEnough() {
        var breaker = Breaker()
        let answersForIt = breaker.failed(settings, atOnce: true, now: 1)
        #expect(answersForIt)
        #expect(breaker.state == .open)
    }

    @Test func openItAllowsNothingUntilTheProbeAndThenOne() {
        var breaker = opened()
        #expect(!breaker.allows(inFlight: 0, now: 30_999))
        #expect(!breaker.allows(inFlight: 1, now: 31_000))
        #expect(breaker.allows(inFlight: 0, now: 31_000))
        breaker.started()
        #expect(breaker.state == .halfOpen)
        #expect(!breaker.allows(inFlight: 1, now: 99_999))
    }

    @Test func aProbeThatSucceedsClosesIt() {
        var breaker = opened()
        breaker.started()
        breaker.succeeded()
        #expect(breaker.state == .closed)
        #expect(breaker.allows(inFlight: 99, now: 0))
        let answersForIt = breaker.failed(settings, atOnce: false, now: 2)
        #expect(!answersForIt)
    }

    @Test func aProbeThatFailsOpensItForAnotherWaitWithoutCountingAnOpening() {
        var breaker = opened()
        breaker.started()
        let answersForIt = breaker.failed(settings, atOnce: false, now: 40_000)
        #expect(answersForIt)
        #expect(breaker.state == .open)
        #expect(breaker.probeAt == 70_000)
        #expect(breaker.openings == 1)
    }

    @Test func attemptsThatFailWhileItIsOpenDoNotPutOffTheProbe() {
        var breaker = opened()
        let answersForIt = breaker.failed(settings, atOnce: false, now: 20_000)
        #expect(answersForIt)
        #expect(breaker.probeAt == 31_000)
    }

    @Test func aProbeThatTellsNothingIsFollowedByAnother() {
        var breaker = opened()
        breaker.started()
        breaker.undecided()
        #expect(breaker.state == .open)
        #expect(breaker.allows(inFlight: 0, now: 31_000))
    }

    @Test func afterZeroMeansNever() {
        var never = settings
        never.after = 0
        var breaker = Breaker()
        for _ in 1...100 {
            let answersForIt = breaker.failed(never, atOnce: true, now: 1)
            #expect(!answersForIt)
        }
        #expect(breaker.state == .closed)
    }

    @Test func afterARestartTheProbeGoesFirst() {
        var breaker = Breaker()
        breaker.reopen(now: 500)
        #expect(breaker.state == .open)
        #expect(breaker.allows(inFlight: 0, now: 500))
        breaker.started()
        #expect(!breaker.allows(inFlight: 1, now: 500))
    }
}
