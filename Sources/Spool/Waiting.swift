/// The deliveries that were tried and are owed, each with its own next attempt: a table of the few, and a `Schedule` for each
/// queue's share of a segment in which many wait. So ten million of them take ten bytes each. Logic alone.
struct Waiting: Sendable {
    /// A queue's share of a segment.
    private struct Share: Hashable {
        var queue: QueueID
        var first: UInt64
    }

    /// Fewer of one share are never packed.
    static let packedFrom = 1000
    /// Nor is a share's part smaller than this one of its events: the schedule would take more than the table.
    private static let packedPart = 16

    private var loose: [DeliveryID: Ledger.Tried] = [:]
    private var looseCounts: [Share: Int] = [:]
    /// By queue, in the segments' order.
    private var schedules: [QueueID: [Schedule]] = [:]
    private let packedFrom: Int

    init(packedFrom: Int = Waiting.packedFrom) { self.packedFrom = packedFrom }

    var isEmpty: Bool { loose.isEmpty && schedules.isEmpty }
    /// How many wait.
    var count: Int { loose.count + schedules.values.joined().reduce(0) { $0 + $1.count } }
    /// How many of them are packed.
    var packedCount: Int { count - loose.count }

    /// A delivery, if it waits.
    subscript(delivery: DeliveryID) -> Ledger.Tried? {
        let number = delivery.event.rawValue
        let packed = schedule(before: number, delivery.queue).flatMap { schedules[delivery.queue]?[$0][number] }
        return packed ?? loose[delivery]
    }

    /// Notes a delivery of the segment that has these numbers. Answers whether it belongs into the queue's heap: else
    /// `due` hands it over when its time comes.
    mutating func set(_ delivery: DeliveryID, _ tried: Ledger.Tried, in segment: Range<UInt64>) -> Bool {
        let share = Share(queue: delivery.queue, first: segment.lowerBound)
        if let queue = schedules.index(forKey: share.queue),
            let place = Waiting.place(of: share.first, in: schedules.values[queue])
        {
            let inserted = schedules.values[queue][place].insert(delivery.event.rawValue, tried)
            if inserted.fits {
                removeLoose(delivery, share)
                return inserted.isHanded
            }
            dropIfEmpty(share.queue, place)
            loose[delivery] = tried
            return true
        }
        if loose.updateValue(tried, forKey: delivery) == nil { looseCounts[share, default: 0] += 1 }
        if looseCounts[share, default: 0] >= max(packedFrom, segment.count / Waiting.packedPart) {
            // If few fit, it is only tried again when as many more have come.
            looseCounts[share] = nil
            pack(share, segment)
        }
        return true
    }

    /// Lets go of a delivery of the segment that begins with this number.
    mutating func remove(_ delivery: DeliveryID, in first: UInt64) {
        let share = Share(queue: delivery.queue, first: first)
        removeLoose(delivery, share)
        guard let place = place(of: share) else { return }
        schedules[share.queue]![place].remove(delivery.event.rawValue)
        dropIfEmpty(share.queue, place)
    }

    /// Lets go of all that a queue has in the segment that has these numbers, but `kept`.
    mutating func remove(_ queue: QueueID, in segment: Range<UInt64>, except kept: Set<UInt64>) {
        for number in segment where !kept.contains(number) {
            remove(DeliveryID(event: EventNumber(rawValue: number), queue: queue), in: segment.lowerBound)
        }
    }

    /// Begins to hand a queue's deliveries out anew: answers those that belong into its heap.
    mutating func begin(_ queue: QueueID) -> [Ledger.Due] {
        for place in schedules[queue, default: []].indices { schedules[queue]![place].begin() }
        return loose.lazy.filter { $0.key.queue == queue }
            .map { Ledger.Due(notBefore: $0.value.notBefore, number: $0.key.event.rawValue) }
    }

    /// Has everything come sooner, because the clock was set back while nobody looked. Before anything is handed out.
    mutating func pullIn(by milliseconds: Int64) {
        loose = loose.mapValues { tried in
            var tried = tried
            if tried.notBefore > 0 { tried.notBefore -= milliseconds }
            if tried.progress.since > 0 { tried.progress.since -= milliseconds }
            return tried
        }
        for (queue, all) in schedules {
            for place in all.indices { schedules[queue]![place].pullIn(by: milliseconds) }
        }
    }

    /// When the first of a queue's packed deliveries is due.
    func earliest(_ queue: QueueID) -> Int64? {
        schedules[queue]?.lazy.map(\.earliest).min().flatMap { $0 == .max ? nil : $0 }
    }

    /// Hands over what of one segment is due by now: of the one that has waited longest. Empty if none is.
    mutating func due(_ queue: QueueID, by now: Int64) -> [Ledger.Due] {
        guard let all = schedules[queue],
            let place = all.indices.min(by: { all[$0].earliest < all[$1].earliest }), all[place].earliest <= now
        else { return [] }
        return schedules[queue]![place].due(by: now)
    }

    /// The first of a queue's share, from an event on, that is not packed: the cursor need not stop at the others.
    func firstUnpacked(_ queue: QueueID, of owed: Bitmap, from start: Int, in first: UInt64) -> Int? {
        guard let place = place(of: Share(queue: queue, first: first)), let schedule = schedules[queue]?[place] else {
            return owed.first(from: start)
        }
        var index = owed.first(from: start)
        while let candidate = index, schedule.contains(first + UInt64(candidate)) {
            index = owed.first(from: candidate + 1)
        }
        return index
    }

    /// All of them, as a checkpoint keeps them. Made one by one: there may be ten million.
    var entries: WaitingEntries { WaitingEntries(loose, schedules) }

    private mutating func pack(_ share: Share, _ segment: Range<UInt64>) {
        var schedule: Schedule?
        for number in segment {
            let delivery = DeliveryID(event: EventNumber(rawValue: number), queue: share.queue)
            guard let tried = loose[delivery] else { continue }
            if schedule == nil {
                schedule = Schedule(
                    of: segment, around: tried.progress.since == 0 ? tried.notBefore : tried.progress.since)
            }
            if schedule!.insert(number, tried).fits { removeLoose(delivery, share) }
        }
        guard let schedule, schedule.count > 0 else { return }
        let later = schedules[share.queue, default: []].firstIndex { $0.first > share.first }
        schedules[share.queue, default: []].insert(schedule, at: later ?? schedules[share.queue]?.count ?? 0)
    }

    private mutating func removeLoose(_ delivery: DeliveryID, _ share: Share) {
        guard !loose.isEmpty, loose.removeValue(forKey: delivery) != nil, let count = looseCounts[share] else { return }
        looseCounts[share] = count > 1 ? count - 1 : nil
    }

    private mutating func dropIfEmpty(_ queue: QueueID, _ place: Int) {
        guard schedules[queue]?[place].count == 0 else { return }
        schedules[queue]?.remove(at: place)
        if schedules[queue]?.isEmpty == true { schedules[queue] = nil }
    }

    private func place(of share: Share) -> Int? {
        schedules[share.queue].flatMap { Waiting.place(of: share.first, in: $0) }
    }

    /// The schedule of the segment that begins with a number.
    private static func place(of first: UInt64, in schedules: [Schedule]) -> Int? {
        last(in: schedules, before: first).flatMap { schedules[$0].first == first ? $0 : nil }
    }

    /// The last of a queue's schedules that begins at a number or before.
    private func schedule(before number: UInt64, _ queue: QueueID) -> Int? {
        schedules[queue].flatMap { Waiting.last(in: $0, before: number) }
    }

    private static func last(in schedules: [Schedule], before number: UInt64) -> Int? {
        var low = 0
        var high = schedules.count
        while low < high {
            let middle = (low + high) / 2
            if schedules[middle].first <= number { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? low - 1 : nil
    }
}
