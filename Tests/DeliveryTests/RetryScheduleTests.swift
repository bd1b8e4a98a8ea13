import Testing

@testable import Delivery

struct RetryScheduleTests {
    private static let day: Int64 = 86_400_000

    private static func policy(
        first: Duration = .seconds(1), factor: Double = 2, max: Duration = .seconds(3600),
        deadline: Duration = .seconds(86400), attempts: Int? = nil
    ) -> RetryPolicy {
        var policy = RetryPolicy()
        policy.schedule = .exponential(first: first, factor: factor, max: max)
        policy.deadline = deadline
        policy.attempts = attempts
        return policy
    }

    private static var voucherify: RetryPolicy {
        var policy = RetryPolicy()
        policy.schedule = .voucherify
        return policy
    }

    /// How long a wait is, in milliseconds, after so many attempts; 0.5 is no jitter.
    private static func wait(_ policy: RetryPolicy, made: Int, random: Double = 0.5) -> Int64? {
        RetrySchedule.next(policy, made: made, since: 1000, now: 1000, random: random).map { $0 - 1000 }
    }

    @Test func waitsBeginWithFirstAndGrowByFactorUpToMax() {
        let policy = RetryScheduleTests.policy(first: .seconds(1), factor: 3, max: .seconds(20))
        #expect((1...6).map { RetryScheduleTests.wait(policy, made: $0) } == [1000, 3000, 9000, 20000, 20000, 20000])
    }

    @Test func theDefaultDoublesFromOneSecondToOneHour() {
        let waits = (1...14).map { RetryScheduleTests.wait(RetryPolicy(), made: $0) }
        #expect(waits.prefix(4) == [1000, 2000, 4000, 8000])
        #expect(waits[11] == 2_048_000)
        #expect(waits[12] == 3_600_000)
        #expect(waits[13] == 3_600_000)
    }

    @Test(arguments: 1...13) func jitterIsAFifthToEitherSide(made: Int) throws {
        let middle = try #require(RetryScheduleTests.wait(RetryPolicy(), made: made))
        #expect(RetryScheduleTests.wait(RetryPolicy(), made: made, random: 0) == middle * 4 / 5)
        for random in stride(from: 0.0, to: 1, by: 0.0625) {
            let wait = try #require(RetryScheduleTests.wait(RetryPolicy(), made: made, random: random))
            #expect(wait >= middle * 4 / 5 && wait < middle * 6 / 5)
        }
    }

    @Test func attemptsLimitTheirNumberTheFirstIncluded() {
        let policy = RetryScheduleTests.policy(attempts: 3)
        #expect(RetryScheduleTests.wait(policy, made: 2) != nil)
        #expect(RetryScheduleTests.wait(policy, made: 3) == nil)
        #expect(RetryScheduleTests.wait(policy, made: 4) == nil)
    }

    @Test func oneAttemptMeansNoRetry() {
        #expect(RetryScheduleTests.wait(RetryScheduleTests.policy(attempts: 1), made: 1) == nil)
    }

    @Test func forCountsFromTheFirstAttemptToTheNextOne() {
        let policy = RetryScheduleTests.policy(first: .seconds(10), factor: 1, deadline: .seconds(60))
        func next(now: Int64) -> Int64? {
            RetrySchedule.next(policy, made: 2, since: 0, now: now, random: 0.5)
        }
        #expect(next(now: 50_000) == 60_000)
        #expect(next(now: 50_001) == nil)
        #expect(next(now: 9_000_000) == nil)
    }

    @Test func aHoldPutsOffTheNextAttemptButNeverBringsItForward() {
        let policy = RetryScheduleTests.policy(first: .seconds(10))
        func next(held: Int64) -> Int64? {
            RetrySchedule.next(policy, made: 1, since: 0, now: 0, held: held, random: 0.5)
        }
        #expect(next(held: 45_000) == 45_000)
        #expect(next(held: 5000) == 10_000)
    }

    @Test func aHoldBeyondForGivesUp() {
        let policy = RetryScheduleTests.policy(deadline: .seconds(60))
        #expect(RetrySchedule.next(policy, made: 1, since: 0, now: 0, held: 60_001, random: 0.5) == nil)
    }

    @Test func theSendersOwnScheduleHasTwelveRetriesTheLastAfterADay() {
        var due: [Int64] = []
        var now: Int64 = 5000
        var made = 1
        while let next = RetrySchedule.next(
            RetryScheduleTests.voucherify, made: made, since: 5000, now: now, random: Double(made % 2))
        {
            due.append((next - 5000) / 60_000)
            // Every retry fails after three seconds; the times count from the first attempt all the same.
            now = next + 3000
            made += 1
        }
        #expect(due == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440])
    }

    @Test func aRetryOfTheSendersScheduleThatWasMissedIsMadeAtOnce() {
        let next = RetrySchedule.next(RetryScheduleTests.voucherify, made: 3, since: 0, now: 600_000, random: 0.5)
        #expect(next == 600_000)
    }

    @Test func anAttemptThatTheBreakerAnswersForLeavesTheScheduleAtItsBeginning() {
        #expect(RetryScheduleTests.wait(RetryScheduleTests.policy(attempts: 1), made: 0) == 1000)
        #expect(RetryScheduleTests.wait(RetryScheduleTests.voucherify, made: 0) == 60_000)
    }

    @Test(arguments: [
        RetryScheduleTests.policy(first: .zero, factor: 0, max: .zero),
        RetryScheduleTests.policy(first: .seconds(Int64.max), factor: .infinity, max: .seconds(Int64.max)),
        RetryScheduleTests.policy(first: .milliseconds(1), factor: .greatestFiniteMagnitude),
        RetryScheduleTests.policy(first: .seconds(1), factor: 1e300, max: .seconds(Int64.max)),
    ]) func extremePoliciesGiveNoWaitThatIsNegativeOrOverflows(policy: RetryPolicy) {
        for made in [0, 1, 2, 100, 100_000] {
            for random in [0, 0.5, 0.999] {
                if let wait = RetryScheduleTests.wait(policy, made: made, random: random) {
                    #expect((0...RetryScheduleTests.day).contains(wait))
                }
            }
        }
    }
}
