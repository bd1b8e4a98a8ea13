import EventJSON
import Spool
import TestSupport

@testable import Delivery
@testable import Spool

/// Targets with random outages over seven days and two quiet ones, on a simulated clock and network: the real `TargetQueue`s,
/// each before a log of its own that hands out what it asks for. One seed gives one week.
struct SimulatedWeek {
    static let day: Int64 = 86_400_000
    static let end = 7 * day

    /// What happens, in order of time; what comes first was put there first.
    private enum Happening {
        case arrival, wake
        case ending(EventNumber)
    }

    private struct Entry: Comparable {
        var at: Int64
        var turn: Int
        var target: Int
        var what: Happening

        static func == (one: Entry, other: Entry) -> Bool { one.turn == other.turn }
        static func < (one: Entry, other: Entry) -> Bool { (one.at, one.turn) < (other.at, other.turn) }
    }

    /// A retry that the log keeps until it is due.
    private struct Retry: Comparable {
        var due: Int64
        var delivery: OwedDelivery

        static func == (one: Retry, other: Retry) -> Bool { one.delivery.event == other.delivery.event }
        static func < (one: Retry, other: Retry) -> Bool {
            (one.due, one.delivery.event.rawValue) < (other.due, other.delivery.event.rawValue)
        }
    }

    private struct Target {
        var settings: TargetSettings
        var queue: TargetQueue
        var outages: [Range<Int64>]
        var credit = 0
        var arrivals: [Int64] = []
        var handedOut = 0
        var retries = Heap<Retry>()
        var retryDue: [EventNumber: Int64] = [:]
        var lastDone: [UInt64: EventNumber] = [:]
        var wakeAt: Int64 = .max
    }

    private var random: SeededGenerator
    private var targets: [Target] = []
    private var agenda = Heap<Entry>()
    private var turns = 0
    private var now: Int64 = 0

    /// What was found, for the test to judge.
    private(set) var arrived = 0
    private(set) var done = 0
    private(set) var failed = 0
    private(set) var attempts = 0
    private(set) var attemptsWhileDown = 0
    private(set) var openings = 0
    private(set) var outages = 0
    private(set) var downMilliseconds: Int64 = 0
    private(set) var mostInHand = 0
    private(set) var longestWaitWhileUp: Int64 = 0
    private(set) var faults: [String] = []

    init(seed: UInt64, targets count: Int) throws {
        random = SeededGenerator(seed: seed)
        for index in 0..<count {
            var settings = try TargetSettings.http(name: "t\(index)", queue: UInt16(index + 1))
            settings.concurrency = [1, 4, 16][index % 3]
            if index % 5 == 0 { settings.rate = Rate(count: 2, per: .seconds(1)) }
            if index % 4 == 0 { settings.order = EventPath("customer") }
            if index % 7 == 0 { settings.retry.schedule = .voucherify }
            settings.retry.deadline = .seconds(3 * 86_400)
            let queue = TargetQueue(settings, now: .at(0))
            targets.append(Target(settings: settings, queue: queue, outages: outages(of: index)))
            turn(index, at: 0, .wake)
            turn(index, at: Int64.random(in: 0..<3_600_000, using: &random), .arrival)
        }
        outages = targets.reduce(0) { $0 + $1.outages.count }
        downMilliseconds = targets.reduce(0) { $0 + $1.outages.reduce(0) { $0 + Int64($1.count) } }
    }

    /// Every tenth target is never down; the others are for minutes or hours, some times a week.
    private mutating func outages(of index: Int) -> [Range<Int64>] {
        guard index % 10 != 9 else { return [] }
        var outages: [Range<Int64>] = []
        var at = Int64.random(in: 0..<(2 * SimulatedWeek.day), using: &random)
        while at < SimulatedWeek.end {
            let long = Int.random(in: 0..<4, using: &random) == 0
            let end = at + Int64.random(in: 60_000...(long ? 12 * 3_600_000 : 1_800_000), using: &random)
            outages.append(at..<min(end, SimulatedWeek.end))
            at = end + Int64.random(in: 3_600_000...(3 * SimulatedWeek.day), using: &random)
        }
        return outages
    }

    private mutating func turn(_ target: Int, at: Int64, _ what: Happening) {
        turns += 1
        agenda.insert(Entry(at: at, turn: turns, target: target, what: what))
    }

    /// Lives through it, and through two days more in which all targets are up.
    mutating func run() {
        while let entry = agenda.first, entry.at < SimulatedWeek.end + 2 * SimulatedWeek.day {
            _ = agenda.removeFirst()
            now = max(now, entry.at)
            var effects = TargetQueue.Effects()
            switch entry.what {
            case .arrival: arrive(entry.target)
            case .wake:
                targets[entry.target].wakeAt = .max
                targets[entry.target].queue.tick(now: .at(now), &effects)
            case .ending(let event): end(event, entry.target, &effects)
            }
            perform(effects, entry.target)
        }
    }

    private mutating func arrive(_ index: Int) {
        guard now < SimulatedWeek.end else { return }
        for _ in 0..<(Int.random(in: 0..<20, using: &random) == 0 ? 50 : 1) {
            targets[index].arrivals.append(now)
            arrived += 1
        }
        turn(index, at: now + Int64.random(in: 60_000...(4 * 3_600_000), using: &random), .arrival)
    }

    private func isUp(_ index: Int) -> Bool { !targets[index].outages.contains { $0.contains(now) } }

    /// An attempt ends.
    private mutating func end(_ event: EventNumber, _ index: Int, _ effects: inout TargetQueue.Effects) {
        let isUp = isUp(index)
        targets[index].queue.ended(
            event, isUp ? .done : .again, targetIsUp: isUp, now: .at(now),
            random: Double.random(in: 0..<1, using: &random), &effects)
    }

    private mutating func perform(_ effects: TargetQueue.Effects, _ index: Int) {
        var effects = effects
        let failures = effects.settle.count { $0.state == .failed }
        if failures > 0 { targets[index].queue.written(failures, now: .at(now), &effects) }
        for settlement in effects.settle { settle(settlement, index) }
        if effects.breaker == .open { openings += 1 }
        for delivery in effects.start { start(delivery, index) }
        targets[index].credit += effects.request
        let inHand = targets[index].queue.inHand
        mostInHand = max(mostInHand, inHand)
        if inHand > (targets[index].settings.order == nil ? 64 : TargetQueue.orderedWindow) {
            faults.append("\(index): \(inHand) deliveries in hand")
        }
        handOut(index)
        if let wake = targets[index].queue.wakeAt(now: .at(now)) { wakeUp(index, at: wake) }
        if targets[index].credit > 0, let due = targets[index].retries.first?.due { wakeUp(index, at: due) }
    }

    private mutating func wakeUp(_ index: Int, at: Int64) {
        let at = max(at, now)
        guard at < targets[index].wakeAt else { return }
        targets[index].wakeAt = at
        turn(index, at: at, .wake)
    }

    private mutating func start(_ delivery: OwedDelivery, _ index: Int) {
        attempts += 1
        let isUp = isUp(index)
        if !isUp { attemptsWhileDown += 1 }
        if let due = targets[index].retryDue.removeValue(forKey: delivery.event), now < due {
            faults.append("\(index): event \(delivery.event) started \(due - now) ms before it was due")
        }
        let took = isUp ? Int64.random(in: 2...500, using: &random) : Int64.random(in: 1...10_000, using: &random)
        turn(index, at: now + took, .ending(delivery.event))
    }

    private mutating func settle(_ settlement: TargetQueue.Settlement, _ index: Int) {
        let event = settlement.event
        switch settlement.state {
        case .done:
            done += 1
            judgeDone(event, index)
        case .failed: failed += 1
        case .untried: faults.append("\(index): event \(event) was handed back")
        case .later(let due, let isKept):
            judge(due, settlement.progress, index)
            targets[index].retryDue[event] = due
            if !isKept {
                let delivery = OwedDelivery.of(event, progress: settlement.progress, notBefore: due)
                targets[index].retries.insert(Retry(due: due, delivery: delivery))
            }
        }
    }

    /// Whether a retry's time is the schedule's, within its jitter.
    private mutating func judge(_ due: Int64, _ progress: Progress, _ index: Int) {
        let made = Int(progress.attempts - progress.attemptsBefore)
        let expected: ClosedRange<Int64>
        switch targets[index].settings.retry.schedule {
        case .voucherify:
            let minutes: Int64 = made < 12 ? 1 << Int64(max(made, 1) - 1) : 1440
            let exact = max(now, progress.since + minutes * 60_000)
            expected = exact...exact
        case .exponential:
            var wait = 1000.0
            for _ in 1..<max(made, 1) { wait = min(wait * 2, 3_600_000) }
            expected = (now + Int64(wait * 0.8) - 1)...(now + Int64(wait * 1.2) + 1)
        }
        if !expected.contains(due) {
            faults.append("\(index): after \(made) attempts due in \(due - now) ms, not in \(expected)")
        }
    }

    /// Whether an event came in its order, and how long it waited though its target was up.
    private mutating func judgeDone(_ event: EventNumber, _ index: Int) {
        if targets[index].settings.order != nil {
            let lane = event.rawValue % 4
            if let last = targets[index].lastDone[lane], last > event {
                faults.append("\(index): event \(event) came after \(last)")
            }
            targets[index].lastDone[lane] = event
        }
        let upSince = targets[index].outages.last { $0.upperBound <= now }?.upperBound ?? 0
        let from = max(targets[index].arrivals[Int(event.rawValue) - 1], upSince)
        longestWaitWhileUp = max(longestWaitWhileUp, now - from)
    }

    /// The log's part: retries that are due, then what was never tried, as far as there is credit.
    private mutating func handOut(_ index: Int) {
        var deliveries: [(delivery: OwedDelivery, lane: UInt64?)] = []
        let isOrdered = targets[index].settings.order != nil
        while deliveries.count < targets[index].credit {
            if let retry = targets[index].retries.first, retry.due <= now {
                _ = targets[index].retries.removeFirst()
                deliveries.append((retry.delivery, nil))
            } else if targets[index].handedOut < targets[index].arrivals.count {
                targets[index].handedOut += 1
                let event = EventNumber(rawValue: UInt64(targets[index].handedOut))
                deliveries.append((.of(event), isOrdered ? event.rawValue % 4 : nil))
            } else {
                break
            }
        }
        guard !deliveries.isEmpty else { return }
        targets[index].credit -= deliveries.count
        var effects = TargetQueue.Effects()
        targets[index].queue.received(deliveries, now: .at(now), &effects)
        perform(effects, index)
    }
}
