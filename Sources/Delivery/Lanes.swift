import Spool

/// The deliveries that a queue has in hand, apart from how they end: those ready to start, those that wait for their time,
/// and, where events keep an order, those behind an earlier one with the same key.
///
/// All of it is bounded by the credit that the queue gives.
struct Lanes: Sendable {
    /// A delivery in hand.
    struct Entry: Sendable {
        var delivery: OwedDelivery
        /// Whose turn it is to wait for: a hash of the order key; `nil` where nothing keeps an order.
        var lane: UInt64?
        /// Whether the log does not yet know of its progress.
        var hasNews = false
    }

    private var ready: [Entry] = []
    private var readyHead = 0
    /// By due time, the next one last.
    private var waiting: [(due: Int64, entry: Entry)] = []
    /// Who stands behind the first of a lane. A lane is listed as long as its first is in hand.
    private var behind: [UInt64: [Entry]] = [:]
    private var numbers: Set<EventNumber> = []

    /// How many are in hand, those under way included.
    var count: Int { numbers.count }
    /// Whether one could start now.
    var hasReady: Bool { readyHead < ready.count }
    /// When the next one that waits is due, by the steady clock.
    var nextDue: Int64? { waiting.last?.due }

    /// Takes a delivery in hand; one that is there already is ignored.
    mutating func add(_ entry: Entry, now: Moment) {
        guard numbers.insert(entry.delivery.event).inserted else { return }
        guard let lane = entry.lane else { return line(up: entry, now: now) }
        guard var queue = behind[lane] else {
            behind[lane] = []
            return line(up: entry, now: now)
        }
        behind[lane] = nil
        let place = queue.firstIndex { $0.delivery.event > entry.delivery.event } ?? queue.count
        queue.insert(entry, at: place)
        behind[lane] = queue
    }

    /// The next one to start; it stays in hand until `finish` or `wait`.
    mutating func next() -> Entry? {
        guard hasReady else { return nil }
        let entry = ready[readyHead]
        readyHead += 1
        if readyHead == ready.count {
            ready.removeAll(keepingCapacity: true)
            readyHead = 0
        } else if readyHead > 64 && readyHead > ready.count / 2 {
            ready.removeFirst(readyHead)
            readyHead = 0
        }
        return entry
    }

    /// Keeps one that was started until it is due; its lane waits with it.
    mutating func wait(_ entry: Entry, now: Moment) {
        line(up: entry, now: now)
    }

    /// Lets go of one that was started; the next of its lane steps forward.
    mutating func finish(_ entry: Entry, now: Moment) {
        numbers.remove(entry.delivery.event)
        guard let lane = entry.lane, var queue = behind[lane] else { return }
        if queue.isEmpty {
            behind[lane] = nil
        } else {
            let next = queue.removeFirst()
            behind[lane] = queue
            line(up: next, now: now)
        }
    }

    /// Makes ready what is due.
    mutating func tick(now: Moment) {
        while let last = waiting.last, last.due <= now.steady {
            waiting.removeLast()
            ready.append(last.entry)
        }
    }

    /// Makes one that waits due at once; whether it was found waiting.
    mutating func hurry(_ event: EventNumber) -> Bool {
        guard let index = waiting.firstIndex(where: { $0.entry.delivery.event == event }) else { return false }
        ready.append(waiting.remove(at: index).entry)
        return true
    }

    /// Gives up all that is not under way. `lanes` are those of what is: others of their keys wait for it still.
    mutating func drain(keeping lanes: [UInt64] = []) -> [Entry] {
        let all = ready[readyHead...] + waiting.map(\.entry) + behind.values.joined()
        for entry in all { numbers.remove(entry.delivery.event) }
        ready = []
        readyHead = 0
        waiting = []
        behind = Dictionary(lanes.map { ($0, []) }) { one, _ in one }
        return Array(all)
    }

    private mutating func line(up entry: Entry, now: Moment) {
        let wait = entry.delivery.notBefore - now.wall
        guard wait > 0 else { return ready.append(entry) }
        let due = now.steady + wait
        var low = 0
        var high = waiting.count
        while low < high {
            let middle = (low + high) / 2
            if waiting[middle].due > due { low = middle + 1 } else { high = middle }
        }
        waiting.insert((due, entry), at: low)
    }
}
