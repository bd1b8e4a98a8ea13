import EventJSON
import Spool
import Testing

@testable import Delivery

struct TargetQueueTests {
    /// A queue whose effects gather, at a time that the test sets.
    private struct QueueUnderTest {
        var queue: TargetQueue
        var now = Moment.at(1000)
        var effects = TargetQueue.Effects()

        init(
            remembering memory: TargetMemory = TargetMemory(), _ change: (inout TargetSettings) -> Void = { _ in }
        ) throws {
            var settings = try TargetSettings.http()
            settings.retry.schedule = .exponential(first: .seconds(1), factor: 2, max: .seconds(60))
            change(&settings)
            queue = TargetQueue(settings, remembering: memory, now: now)
        }

        /// The log hands out deliveries.
        mutating func receive(_ events: [EventNumber], lane: UInt64? = nil) {
            queue.received(events.map { (delivery: .of($0), lane: lane) }, now: now, &effects)
        }

        /// An attempt ends; the settlement it leads to is the answer.
        @discardableResult
        mutating func end(_ event: EventNumber, _ verdict: Verdict, targetIsUp: Bool?) -> TargetQueue.Settlement? {
            let settled = effects.settle.count
            queue.ended(event, verdict, targetIsUp: targetIsUp, now: now, random: 0.5, &effects)
            return settled < effects.settle.count ? effects.settle[settled] : nil
        }

        /// Time goes on; what starts is the answer.
        mutating func pass(_ milliseconds: Int64) -> [EventNumber] {
            now = .at(now.wall + milliseconds)
            queue.tick(now: now, &effects)
            return takeStarted()
        }

        /// What has been started since the last call.
        mutating func takeStarted() -> [EventNumber] {
            defer { effects.start = [] }
            return effects.start.map(\.event)
        }
    }

    @Test func itAsksForAWindowAndStartsWhatConcurrencyAllows() throws {
        var under = try QueueUnderTest { $0.concurrency = 2 }
        _ = under.pass(0)
        #expect(under.effects.request == 64)
        under.receive([1, 2, 3])
        #expect(under.takeStarted() == [1, 2])
        #expect(under.queue.inFlight == 2)
        under.end(1, .done, targetIsUp: true)
        #expect(under.takeStarted() == [3])
    }

    @Test func itAsksForMoreInBatchesNotItems() throws {
        var under = try QueueUnderTest { $0.concurrency = 16 }
        _ = under.pass(0)
        under.receive((1...64).map { EventNumber(rawValue: $0) })
        var done: UInt64 = 0
        while under.effects.request == 64 {
            done += 1
            under.end(EventNumber(rawValue: done), .done, targetIsUp: true)
        }
        #expect(done == 32)
        #expect(under.effects.request == 96)
    }

    @Test func neverMoreThanItsWindowIsInHandHoweverLongItGoes() throws {
        var under = try QueueUnderTest { $0.concurrency = 4 }
        _ = under.pass(0)
        var given: UInt64 = 0
        var done: UInt64 = 0
        for _ in 0..<500 {
            let asked = UInt64(under.effects.request)
            under.effects = .init()
            if asked > 0 {
                under.receive(((given + 1)...(given + asked)).map { EventNumber(rawValue: $0) })
                given += asked
            }
            #expect(under.queue.inHand <= 64)
            done += 1
            under.end(EventNumber(rawValue: done), .done, targetIsUp: true)
        }
        #expect(under.queue.inFlight == 4)
    }

    @Test func aSuccessIsSettledAsDoneWithItsAttemptCounted() throws {
        var under = try QueueUnderTest()
        under.receive([1])
        let settled = under.end(1, .done, targetIsUp: true)
        #expect(settled?.state == .done)
        #expect(settled?.progress == Progress(attempts: 1, attemptsBefore: 0, since: 1000))
        #expect(under.queue.inHand == 0)
    }

    @Test func aFailureGoesBackToTheLogUntilItsTime() throws {
        var under = try QueueUnderTest()
        under.receive([1])
        let settled = under.end(1, .again, targetIsUp: false)
        #expect(settled?.state == .later(notBefore: 2000, kept: false))
        #expect(under.queue.inHand == 0)
    }

    @Test func progressOfEarlierRunsCounts() throws {
        var under = try QueueUnderTest { $0.retry.attempts = 3 }
        let progress = Progress(attempts: 2, attemptsBefore: 0, since: 500)
        under.queue.received([(delivery: .of(1, progress: progress), lane: nil)], now: under.now, &under.effects)
        let settled = under.end(1, .again, targetIsUp: nil)
        #expect(settled?.state == .failed)
        #expect(settled?.progress == Progress(attempts: 3, attemptsBefore: 0, since: 500))
    }

    @Test func aRetryByHandHasAFreshSchedule() throws {
        var under = try QueueUnderTest { $0.retry.attempts = 3 }
        let progress = Progress(attempts: 13, attemptsBefore: 13, since: 0)
        under.queue.received([(delivery: .of(1, progress: progress), lane: nil)], now: under.now, &under.effects)
        let settled = under.end(1, .again, targetIsUp: nil)
        #expect(settled?.state == .later(notBefore: 2000, kept: false))
        #expect(settled?.progress == Progress(attempts: 14, attemptsBefore: 13, since: 1000))
    }

    @Test func aFinalAnswerIsAFailureAtOnce() throws {
        var under = try QueueUnderTest()
        under.receive([1])
        #expect(under.end(1, .final, targetIsUp: true)?.state == .failed)
    }

    @Test func anAttemptThatWasNotMadeLeavesNothingBehind() throws {
        var under = try QueueUnderTest()
        under.receive([1])
        let settled = under.end(1, .untried, targetIsUp: nil)
        #expect(settled?.state == .untried)
        #expect(settled?.progress == Progress())
    }

    @Test func anEndingThatNobodyWaitsForIsPassedOver() throws {
        var under = try QueueUnderTest()
        #expect(under.end(7, .done, targetIsUp: true) == nil)
    }

    @Test func retryAfterHoldsTheWholeTargetNotTheOneEvent() throws {
        var under = try QueueUnderTest { $0.concurrency = 1 }
        under.receive([1, 2])
        let settled = under.end(1, .held(milliseconds: 30_000), targetIsUp: true)
        #expect(settled?.state == .later(notBefore: 31_000, kept: false))
        #expect(under.takeStarted() == [1])
        #expect(under.queue.wakeAt(now: under.now) == 31_000)
        #expect(under.pass(29_999) == [])
        #expect(under.pass(1) == [2])
    }

    @Test func theLongerOfTwoHoldsCounts() throws {
        var under = try QueueUnderTest { $0.concurrency = 2 }
        under.receive([1, 2, 3])
        under.end(1, .held(milliseconds: 30_000), targetIsUp: true)
        under.end(2, .held(milliseconds: 5000), targetIsUp: true)
        #expect(under.queue.heldUntil == 31_000)
    }

    @Test func theRatePacesWhatIsStarted() throws {
        var under = try QueueUnderTest { $0.rate = Rate(count: 10, per: .seconds(1)) }
        under.receive([1, 2, 3])
        #expect(under.takeStarted() == [1])
        #expect(under.queue.wakeAt(now: under.now) == 1100)
        #expect(under.pass(99) == [])
        #expect(under.pass(1) == [2])
        #expect(under.pass(100) == [3])
    }

    @Test func pausedItStartsNothingAndAsksForNothing() throws {
        var under = try QueueUnderTest { $0.paused = true }
        _ = under.pass(0)
        #expect(under.effects.request == 0)
        under.receive([1])
        #expect(under.takeStarted() == [])
        #expect(under.queue.wakeAt(now: under.now) == nil)
        under.queue.resume(now: under.now, &under.effects)
        #expect(under.takeStarted() == [1])
        under.queue.pause()
        under.receive([2])
        under.end(1, .done, targetIsUp: true)
        #expect(under.takeStarted() == [])
    }

    @Test func aReloadThatDoesNotMentionThePauseLeavesAPauseByHand() throws {
        var under = try QueueUnderTest()
        under.queue.pause()
        var settings = try TargetSettings.http()
        settings.concurrency = 3
        under.queue.update(settings, now: under.now)
        #expect(under.queue.isPaused)
        settings.paused = true
        under.queue.update(settings, now: under.now)
        settings.paused = false
        under.queue.update(settings, now: under.now)
        #expect(!under.queue.isPaused)
    }

    @Test func theOpenBreakerLetsNothingOutButAProbe() throws {
        var under = try QueueUnderTest {
            $0.concurrency = 1
            $0.breaker.after = 2
        }
        under.receive([1, 2, 3, 4])
        under.end(1, .again, targetIsUp: false)
        under.end(2, .again, targetIsUp: false)
        #expect(under.effects.breaker == .open)
        #expect(under.takeStarted() == [1, 2])
        #expect(under.queue.wakeAt(now: under.now) == 31_000)
        #expect(under.pass(29_999) == [])
        #expect(under.pass(1) == [3])
        under.effects.breaker = nil
        under.end(3, .done, targetIsUp: true)
        #expect(under.effects.breaker == .closed)
        #expect(under.takeStarted() == [4])
    }

    @Test func aRetryIsAnnouncedForWhenTheOpenBreakerOrTheHoldLetsItOut() throws {
        var under = try QueueUnderTest { $0.breaker.after = 1 }
        #expect(under.queue.nextAttempt(due: 2000, now: under.now) == 2000)
        under.receive([1])
        under.end(1, .again, targetIsUp: false)
        let probe = under.now.wall + 30_000
        #expect(under.queue.nextAttempt(due: 2000, now: under.now) == probe)
        #expect(under.queue.nextAttempt(due: probe + 1, now: under.now) == probe + 1)
        var held = try QueueUnderTest()
        held.receive([1])
        held.end(1, .held(milliseconds: 9000), targetIsUp: true)
        #expect(held.queue.nextAttempt(due: 2000, now: held.now) == held.now.wall + 9000)
    }

    @Test func theAttemptThatOpensTheBreakerAndItsProbesAreNotHeldAgainstTheDelivery() throws {
        var under = try QueueUnderTest {
            $0.concurrency = 2
            $0.breaker.after = 1
            $0.retry.attempts = 1
        }
        under.receive([1, 2])
        let opening = under.end(1, .again, targetIsUp: false)
        let underWay = under.end(2, .again, targetIsUp: false)
        for settled in [opening, underWay] {
            #expect(settled?.state == .later(notBefore: 2000, kept: false))
            #expect(settled?.progress == Progress(attempts: 1, attemptsBefore: 1, since: 1000))
        }
        _ = under.takeStarted()
        under.receive([3])
        #expect(under.pass(30_000) == [3])
        #expect(under.end(3, .again, targetIsUp: false)?.state == .later(notBefore: 32_000, kept: false))
    }

    @Test func wrongCredentialsOpenTheBreakerAtOnce() throws {
        var under = try QueueUnderTest()
        under.receive([1])
        under.end(1, .ours, targetIsUp: false)
        #expect(under.queue.breaker.state == .open)
    }

    @Test func withAnOrderARetryStaysInHandAndItsLaneBehindIt() throws {
        var under = try QueueUnderTest { $0.order = EventPath("customer") }
        under.receive([1, 2], lane: 7)
        under.receive([3], lane: 8)
        #expect(under.takeStarted() == [1, 3])
        #expect(under.end(1, .again, targetIsUp: nil)?.state == .later(notBefore: 2000, kept: true))
        #expect(under.takeStarted() == [])
        #expect(under.queue.wakeAt(now: under.now) == 2000)
        #expect(under.pass(1000) == [1])
        under.end(1, .done, targetIsUp: true)
        #expect(under.takeStarted() == [2])
    }

    @Test func aDeliveryGivenUpLetsItsLaneGoOn() throws {
        var under = try QueueUnderTest { $0.order = EventPath("customer") }
        under.receive([1, 2], lane: 7)
        under.end(1, .final, targetIsUp: true)
        #expect(under.takeStarted() == [1, 2])
    }

    @Test func hurryTriesOneThatWaitsInHandAtOnce() throws {
        var under = try QueueUnderTest { $0.order = EventPath("customer") }
        under.receive([1], lane: 7)
        under.end(1, .again, targetIsUp: nil)
        _ = under.takeStarted()
        under.queue.hurry(1, now: under.now, &under.effects)
        #expect(under.takeStarted() == [1])
    }

    @Test func stoppedItHandsBackWhatIsNotUnderWay() throws {
        var under = try QueueUnderTest { $0.concurrency = 1 }
        under.receive([1, 2, 3])
        under.queue.stop(&under.effects)
        #expect(under.effects.settle.map(\.event) == [2, 3])
        #expect(under.effects.settle.allSatisfy { $0.state == .untried })
        under.receive([4])
        #expect(under.effects.settle.last?.event == 4)
        #expect(under.end(1, .done, targetIsUp: true)?.state == .done)
        #expect(under.takeStarted() == [1])
        #expect(under.queue.inFlight == 0)
    }

    @Test func stoppedItGivesTheLogTheProgressThatOnlyItKnowsOf() throws {
        var under = try QueueUnderTest { $0.order = EventPath("customer") }
        under.receive([1, 2], lane: 7)
        under.end(1, .again, targetIsUp: nil)
        under.effects = .init()
        under.queue.stop(&under.effects)
        let handed = Dictionary(uniqueKeysWithValues: under.effects.settle.map { ($0.event, $0) })
        #expect(handed[1]?.state == .later(notBefore: 2000, kept: false))
        #expect(handed[1]?.progress.attempts == 1)
        #expect(handed[2]?.state == .untried)
    }

    @Test func theWordGivenLastCountsOverARestart() throws {
        var under = try QueueUnderTest()
        #expect(under.queue.memory == TargetMemory())
        under.queue.pause()
        #expect(under.queue.memory.pausedByHand == true)
        #expect(try QueueUnderTest(remembering: under.queue.memory).queue.isPaused)
        under.queue.resume(now: under.now, &under.effects)
        #expect(under.queue.memory == TargetMemory())
        var configured = try QueueUnderTest { $0.paused = true }
        configured.queue.resume(now: configured.now, &configured.effects)
        let memory = configured.queue.memory
        #expect(memory.pausedByHand == false)
        #expect(try !QueueUnderTest(remembering: memory) { $0.paused = true }.queue.isPaused)
    }

    @Test func failuresThatAreNotDurableYetHoldUpTheTargetAndNotTheMemory() throws {
        var under = try QueueUnderTest {
            $0.concurrency = 2000
            $0.breaker.after = 0
        }
        let limit = UInt64(TargetQueue.unwrittenLimit)
        under.receive((1...(limit + 10)).map { EventNumber(rawValue: $0) })
        _ = under.takeStarted()
        for event in 1...limit { under.end(EventNumber(rawValue: event), .final, targetIsUp: true) }
        under.receive([5000, 5001])
        #expect(under.takeStarted() == [])
        #expect(under.queue.wakeAt(now: under.now) == nil)
        under.queue.written(1, now: under.now, &under.effects)
        #expect(under.takeStarted() == [5000, 5001])
    }

    @Test func anEmptiedQueueTakesNothingUntilItGoesOnAndThenAsksAgain() throws {
        var under = try QueueUnderTest { $0.concurrency = 1 }
        under.receive([1, 2, 3])
        _ = under.takeStarted()
        #expect(under.queue.letGo(givingUp: true) == [1])
        under.effects = .init()
        under.receive([4, 5])
        #expect(under.queue.inHand == 1)
        #expect(under.effects.settle.map(\.event) == [4, 5], "the log has them again")
        #expect(under.effects.settle.allSatisfy { $0.state == .untried })
        #expect(under.queue.wakeAt(now: under.now) == nil)
        #expect(under.end(1, .again, targetIsUp: false)?.state == .failed, "it was given up")
        under.effects = .init()
        under.queue.takeUp(now: under.now, &under.effects)
        under.receive([6])
        #expect(under.takeStarted() == [6])
    }

    @Test func whatIsUnderWayWhenItsQueueIsDroppedMayStillSucceed() throws {
        var under = try QueueUnderTest { $0.concurrency = 2 }
        under.receive([1, 2])
        _ = under.queue.letGo(givingUp: true)
        #expect(under.end(1, .done, targetIsUp: true)?.state == .done)
        #expect(under.end(2, .untried, targetIsUp: nil)?.state == .failed)
    }

    @Test func aKeyThatIsUnderWayWhenItsQueueIsEmptiedKeepsItsOrder() throws {
        var under = try QueueUnderTest { $0.order = EventPath("customer") }
        under.receive([1, 2], lane: 7)
        #expect(under.takeStarted() == [1])
        _ = under.queue.letGo(givingUp: false)
        under.queue.takeUp(now: under.now, &under.effects)
        under.receive([3], lane: 7)
        #expect(under.takeStarted() == [])
        under.end(1, .done, targetIsUp: true)
        #expect(under.takeStarted() == [3])
    }

    @Test func afterARestartWithAnOpenBreakerOneProbeGoesFirst() throws {
        var memory = TargetMemory()
        memory.isBreakerOpen = true
        var under = try QueueUnderTest(remembering: memory)
        under.receive([1, 2, 3])
        #expect(under.takeStarted() == [1])
        under.end(1, .done, targetIsUp: true)
        #expect(under.takeStarted() == [2, 3])
    }

    @Test func aHoldLastsOverARestartAsLongAsItWasAskedFor() throws {
        var under = try QueueUnderTest { $0.concurrency = 1 }
        under.receive([1, 2])
        _ = under.takeStarted()
        under.end(1, .held(milliseconds: 60_000), targetIsUp: true)
        let memory = under.queue.memory
        #expect(memory.heldUntil == 61_000)
        var again = try QueueUnderTest(remembering: memory)
        again.receive([1, 2])
        #expect(again.pass(59_999) == [])
        #expect(again.queue.memory == memory)
        #expect(again.pass(1) == [1, 2])
        #expect(again.queue.memory == TargetMemory())
    }

    @Test func aHoldThatIsOverOrBeyondWhatIsAskedForIsNotKept() throws {
        var memory = TargetMemory()
        memory.heldUntil = 999
        var past = try QueueUnderTest(remembering: memory)
        past.receive([1])
        #expect(past.takeStarted() == [1])
        // The clock has been set back a day.
        memory.heldUntil = 86_400_000
        var absurd = try QueueUnderTest(remembering: memory)
        absurd.receive([1])
        #expect(absurd.takeStarted() == [])
        #expect(absurd.pass(RetryAfter.limitMilliseconds) == [1])
    }

    /// Between the decision and the question when to wake, a millisecond may pass: what was too early then is due now.
    @Test func whatBecameDueSinceItWasLookedAtIsNotForgotten() throws {
        var probe = try QueueUnderTest { $0.breaker.after = 1 }
        probe.receive([1])
        probe.end(1, .again, targetIsUp: false)
        probe.receive([2])
        #expect(probe.queue.wakeAt(now: .at(30_999)) == 31_000)
        #expect(probe.queue.wakeAt(now: .at(31_000)) == 31_000)
        #expect(probe.queue.wakeAt(now: .at(31_005)) == 31_005)

        var held = try QueueUnderTest { $0.concurrency = 1 }
        held.receive([1, 2])
        held.end(1, .held(milliseconds: 500), targetIsUp: true)
        #expect(held.queue.wakeAt(now: .at(1500)) == 1500)

        var paced = try QueueUnderTest { $0.rate = Rate(count: 10, per: .seconds(1)) }
        paced.receive([1, 2])
        #expect(paced.queue.wakeAt(now: .at(1100)) == 1100)
    }

    @Test func nothingWakesAQueueThatCannotStartAnything() throws {
        var under = try QueueUnderTest { $0.concurrency = 1 }
        #expect(under.queue.wakeAt(now: under.now) == nil)
        under.receive([1, 2])
        #expect(under.queue.wakeAt(now: under.now) == nil)
        var memory = TargetMemory()
        memory.isBreakerOpen = true
        var probing = try QueueUnderTest(remembering: memory) { $0.breaker.after = 1 }
        probing.receive([1, 2])
        #expect(probing.queue.wakeAt(now: probing.now) == nil)
    }

    @Test func aFasterRateTakesEffectAtOnce() throws {
        var under = try QueueUnderTest { $0.rate = Rate(count: 1, per: .seconds(60)) }
        under.receive([1, 2])
        #expect(under.takeStarted() == [1])
        under.queue.update(try TargetSettings.http(), now: under.now)
        #expect(under.pass(0) == [2])
    }

    /// The dead hour: the target is down, all waits; no attempts are used up, and then all is delivered.
    @Test func whatFailsForAnHourIsDeliveredWhenTheTargetComesBack() throws {
        var under = try QueueUnderTest {
            $0.concurrency = 4
            $0.breaker.after = 4
            $0.retry.attempts = 3
        }
        var waiting = (1...200).map { OwedDelivery.of(EventNumber(rawValue: $0)) }
        var delivered: Set<EventNumber> = []
        var attemptsWhileDown = 0
        for second in 0..<7200 {
            let isUp = second >= 3600
            under.now = .at(Int64(second) * 1000 + 1000)
            under.queue.tick(now: under.now, &under.effects)
            while under.effects.request > 0 || !under.effects.start.isEmpty {
                let asked = under.effects.request
                under.effects.request = 0
                let due = waiting.filter { $0.notBefore <= under.now.wall }.prefix(asked)
                waiting.removeAll { one in due.contains { $0.event == one.event } }
                if !due.isEmpty {
                    under.queue.received(due.map { (delivery: $0, lane: nil) }, now: under.now, &under.effects)
                }
                let started = under.effects.start
                under.effects.start = []
                for delivery in started {
                    if !isUp { attemptsWhileDown += 1 }
                    let settlement = under.end(delivery.event, isUp ? .done : .again, targetIsUp: isUp)
                    let settled = try #require(settlement)
                    switch settled.state {
                    case .done: delivered.insert(delivery.event)
                    case .later(let notBefore, _):
                        waiting.append(.of(delivery.event, progress: settled.progress, notBefore: notBefore))
                    case .failed, .untried: Issue.record("event \(delivery.event) came to \(settled.state)")
                    }
                }
                if started.isEmpty && due.isEmpty { break }
            }
        }
        #expect(delivered.count == 200)
        // Four that opened it, and a probe each half minute.
        #expect((100...130).contains(attemptsWhileDown))
    }
}
