/// What every event still owes to whom, and who has been given what. Logic alone: no clock, no disk, no threads.
///
/// A delivery that is owed is in one of three places: ahead of its queue's cursor and never tried; in the receiver's hand;
/// or waiting for its time in the queue's heap. A crash forgets the second: after a restart it is in the first or third.
struct Ledger {
    /// One target's queue.
    struct Queue {
        var name: String
        var order = DeliveryOrder.whenDue
        /// The next event number to look at.
        var cursor: UInt64 = 0
        var inHand: Set<UInt64> = []
        /// What is due soon; what is packed comes into it when its time has come.
        var due = Heap<Due>()
        var waiting = 0
        var failed = 0

        /// One that was owed has come to its end.
        mutating func ended(_ number: UInt64, failed isFailure: Bool) {
            inHand.remove(number)
            waiting -= 1
            if isFailure { failed += 1 }
        }
    }

    /// A delivery in a heap. It counts only as long as its progress names the same time.
    struct Due: Comparable, Sendable {
        var notBefore: Int64
        var number: UInt64

        static func < (one: Due, other: Due) -> Bool {
            (one.notBefore, one.number) < (other.notBefore, other.number)
        }
    }

    /// A delivery that was tried, or reopened, and is owed.
    struct Tried: Equatable, Sendable {
        var progress: Progress
        var notBefore: Int64
    }

    var segments: [Segment] = []
    var queues = QueueMap<Queue>()
    /// How many deliveries each attached receiver may still be given: apart, as it is asked for much more often than anything else.
    private var credits = QueueMap<Int>()
    var tried: Waiting
    /// Deliveries that the journal knows as owed and of which no segment has the event: a start says so of those that are lost.
    var unplaced: Set<DeliveryID> = []
    /// So many of them are told.
    static let unplacedLimit = 10_000

    /// An empty one; `packedFrom` is for tests, whose segments are small.
    init(packedFrom: Int = Waiting.packedFrom) { tried = Waiting(packedFrom: packedFrom) }

    mutating func register(_ queue: QueueID, named name: String) {
        if queues[queue] == nil { queues[queue] = Queue(name: name) }
    }

    mutating func add(_ segment: Segment) {
        for (queue, owed) in segment.owed { queues[queue]?.waiting += owed.count }
        for (queue, failed) in segment.failed { queues[queue]?.failed += failed.count }
        segments.append(segment)
    }

    mutating func seal(_ sealed: SealedSegment) {
        guard let place = place(ofSegment: sealed.first) else { return }
        segments[place].isSealed = true
        segments[place].bytes = sealed.bytes
        segments[place].voidFrom = sealed.voidFrom
        segments[place].fold()
    }

    /// The segment before this one, if this one alone makes something in it void.
    func voidSegment(before first: UInt64) -> Segment? {
        guard let place = place(ofSegment: first), place > 0, segments[place - 1].voidFrom != nil else { return nil }
        return segments[place - 1]
    }

    /// What was void in a segment has been cut off.
    mutating func cut(_ first: UInt64) {
        guard let place = place(ofSegment: first), let end = segments[place].voidFrom else { return }
        segments[place].bytes = end
        segments[place].voidFrom = nil
    }

    /// Lets go of what can be read from the files again, after a start.
    mutating func fold() {
        for place in segments.indices { segments[place].fold() }
    }

    /// The folded segment that an event is in, with the count of its events; `nil` if its position is known here.
    func folded(around event: UInt64) -> (first: UInt64, count: Int)? {
        guard let place = place(of: event), segments[place.segment].isFolded else { return nil }
        return (segments[place.segment].first, segments[place.segment].count)
    }

    /// Takes a folded segment's places back.
    mutating func unfold(_ first: UInt64, _ places: Places) {
        guard let place = place(ofSegment: first) else { return }
        segments[place].unfold(places)
    }

    /// Takes in events that a commit appended to a segment.
    mutating func appended(_ events: [Commits.Appended.Event], toSegment first: UInt64) {
        guard !events.isEmpty else { return }
        if segments.last?.first != first { segments.append(Segment(first: first)) }
        var run = 0
        for (place, event) in events.enumerated() {
            segments[segments.count - 1].append(
                number: event.number, offset: event.offset, owed: event.owed, receivedAt: event.receivedAt)
            run += 1
            // Events with the same targets are counted together.
            guard place + 1 == events.count || events[place + 1].owed != event.owed else { continue }
            for queue in event.owed { queues[queue]?.waiting += run }
            run = 0
        }
    }

    /// Forgets a segment whose deliveries are all settled.
    mutating func drop(_ first: UInt64) {
        guard let place = place(ofSegment: first) else { return }
        for (queue, failed) in segments[place].failed { queues[queue]?.failed -= failed.count }
        segments.remove(at: place)
    }

    /// A segment was compacted: its records stand elsewhere now, and only those that somebody is owed are left.
    mutating func replace(_ first: UInt64, _ places: Places, bytes: Int) {
        guard let place = place(ofSegment: first) else { return }
        for (queue, failed) in segments[place].failed { queues[queue]?.failed -= failed.count }
        segments[place].replace(places, bytes: bytes)
        for (queue, failed) in segments[place].failed { queues[queue]?.failed += failed.count }
    }

    func place(ofSegment first: UInt64) -> Int? { segments.firstIndex { $0.first == first } }

    /// The segment that an event is in, and the event's place there.
    func place(of event: UInt64) -> (segment: Int, index: Int)? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].first <= event { low = middle + 1 } else { high = middle }
        }
        // Looked at where it stands: a copy would count a reference for each of its parts.
        let place = low - 1
        guard place >= 0, event < segments[place].end else { return nil }
        let index = Int(event - segments[place].first)
        guard segments[place].isFolded || segments[place].places[index] != Places.missing else { return nil }
        return (place, index)
    }

    /// Where an event's record stands; `nil` also in a folded segment.
    func position(of event: UInt64) -> Position? {
        guard let place = place(of: event), !segments[place.segment].isFolded else { return nil }
        return Position(
            segment: segments[place.segment].first, offset: segments[place.segment].places[place.index], event: event)
    }

    mutating func attach(_ id: QueueID, order: DeliveryOrder) {
        guard var queue = queues[id] else { return }
        queue.order = order
        queue.inHand = []
        queue.cursor = segments.first?.first ?? 0
        queue.due = Heap()
        if case .whenDue = order {
            for due in tried.begin(id) { queue.due.insert(due) }
        }
        queues[id] = queue
        credits[id] = 0
    }

    mutating func detach(_ id: QueueID) {
        queues[id]?.inHand = []
        credits[id] = nil
    }

    mutating func addCredit(_ id: QueueID, _ count: Int) { credits[id]? += count }

    /// Whether a queue's receiver may be given anything.
    func hasCredit(_ id: QueueID) -> Bool { credits[id] ?? 0 > 0 }

    /// What a queue's receiver may be given now.
    mutating func take(_ id: QueueID, now: Int64) -> [OwedDelivery] {
        // Taken out and put back, so that the heap and the set are changed in place.
        guard var credit = credits[id], credit > 0, var queue = queues.take(id) else { return [] }
        defer {
            queues[id] = queue
            credits[id] = credit
        }
        var deliveries: [OwedDelivery] = []
        while credit > 0 {
            guard let number = nextDue(&queue, id, now: now) ?? nextFresh(&queue, id) else { break }
            guard let position = position(of: number) else { continue }
            let key = DeliveryID(event: EventNumber(rawValue: number), queue: id)
            let waiting = tried[key]
            queue.inHand.insert(number)
            credit -= 1
            deliveries.append(
                OwedDelivery(
                    event: key.event, position: position, progress: waiting?.progress ?? Progress(),
                    notBefore: waiting?.notBefore ?? 0))
        }
        return deliveries
    }

    private mutating func nextDue(_ queue: inout Queue, _ id: QueueID, now: Int64) -> UInt64? {
        while true {
            while let due = queue.due.first, due.notBefore <= now {
                _ = queue.due.removeFirst()
                let key = DeliveryID(event: EventNumber(rawValue: due.number), queue: id)
                if tried[key]?.notBefore == due.notBefore, !queue.inHand.contains(due.number) { return due.number }
            }
            guard case .whenDue = queue.order else { return nil }
            let unpacked = tried.due(id, by: now)
            if unpacked.isEmpty { return nil }
            for due in unpacked { queue.due.insert(due) }
        }
    }

    /// Notes that a delivery waits for its time.
    mutating func wait(_ delivery: DeliveryID, _ waiting: Tried, in place: Int) {
        let segment = segments[place].first..<segments[place].end
        guard tried.set(delivery, waiting, in: segment), case .whenDue? = queues[delivery.queue]?.order else { return }
        queues[delivery.queue]?.due.insert(Due(notBefore: waiting.notBefore, number: delivery.event.rawValue))
    }

    /// A delivery waits for nothing any more.
    mutating func forget(_ delivery: DeliveryID, in place: Int) {
        tried.remove(delivery, in: segments[place].first)
    }

    private func nextFresh(_ queue: inout Queue, _ id: QueueID) -> UInt64? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].end <= queue.cursor { low = middle + 1 } else { high = middle }
        }
        while low < segments.count {
            let segment = segments[low]
            let start = queue.cursor > segment.first ? Int(queue.cursor - segment.first) : 0
            if let index = nextOwed(id, queue.order, in: segment, from: start) {
                let number = segment.first + UInt64(index)
                queue.cursor = number + 1
                if queue.inHand.contains(number) { continue }
                if case .whenDue = queue.order {
                    // A delivery that was tried waits in the heap.
                    if tried[DeliveryID(event: EventNumber(rawValue: number), queue: id)] != nil { continue }
                }
                return number
            }
            // Everything here is seen; the newest segment still grows, so the cursor stays at its end.
            queue.cursor = max(queue.cursor, segment.end)
            low += 1
        }
        return nil
    }

    /// The next event that a queue is owed. What is packed is passed over where its time decides, and not its number.
    private func nextOwed(_ id: QueueID, _ order: DeliveryOrder, in segment: Segment, from start: Int) -> Int? {
        guard let owed = segment.owed[id] else { return nil }
        return switch order {
        case .whenDue: tried.firstUnpacked(id, of: owed, from: start, in: segment.first)
        case .byNumber: owed.first(from: start)
        }
    }

    /// When the next retry of a queue with credit is due; `nil` if none waits.
    func nextDue() -> Int64? {
        var next: Int64?
        for (id, credit) in credits where credit > 0 {
            guard case .whenDue? = queues[id]?.order else { continue }
            if let time = queues[id]?.due.first?.notBefore { next = min(next ?? time, time) }
            if let time = tried.earliest(id) { next = min(next ?? time, time) }
        }
        return next
    }

    /// Takes note of an outcome; answers what the journal must keep of it, if anything.
    mutating func settle(_ outcome: Outcome) -> JournalEntry? {
        let id = outcome.delivery.queue
        let number = outcome.delivery.event.rawValue
        guard let place = place(of: number), segments[place.segment].owed[id]?.contains(place.index) == true else {
            queues[id]?.inHand.remove(number)
            return nil
        }
        switch outcome.result {
        case .done, .failed:
            let isFailure = outcome.result == .failed
            queues[id]?.ended(number, failed: isFailure)
            forget(outcome.delivery, in: place.segment)
            segments[place.segment].settle(place.index, id, failed: isFailure)
            if segments[place.segment].unsettled == 0 { segments[place.segment].fold() }
            return JournalEntry(outcome.delivery, isFailure ? .failed : .done, outcome.progress)
        case .later(let notBefore):
            if case .whenDue? = queues[id]?.order { queues[id]?.inHand.remove(number) }
            wait(outcome.delivery, Tried(progress: outcome.progress, notBefore: notBefore), in: place.segment)
            return JournalEntry(outcome.delivery, .later, outcome.progress, notBefore: notBefore)
        case .untried:
            queues[id]?.inHand.remove(number)
            if case .byNumber? = queues[id]?.order {
                // It comes again in its place, not when its time has come.
                rewind(id, to: number)
                return nil
            }
            let waiting = tried[outcome.delivery] ?? Tried(progress: outcome.progress, notBefore: 0)
            wait(outcome.delivery, waiting, in: place.segment)
            // One that is packed may have been handed over before.
            queues[id]?.due.insert(Due(notBefore: waiting.notBefore, number: number))
            return nil
        }
    }

    /// Owes a delivery again, or makes one that waits due at once.
    mutating func reopen(_ delivery: DeliveryID) -> (result: ReopenResult, entry: JournalEntry?) {
        let number = delivery.event.rawValue
        let id = delivery.queue
        guard let place = place(of: number) else { return (.noSuchEvent, nil) }
        let wasOwed = segments[place.segment].owed[id]?.contains(place.index) == true
        if wasOwed, queues[id]?.inHand.contains(number) == true { return (.wasOwed, nil) }
        let before = tried[delivery]?.progress.attempts ?? 0
        let progress = Progress(attempts: before, attemptsBefore: before, since: 0)
        if !wasOwed {
            if segments[place.segment].failed[id]?.contains(place.index) == true { queues[id]?.failed -= 1 }
            segments[place.segment].reopen(place.index, id)
            queues[id]?.waiting += 1
        }
        if wasOwed || before > 0 {
            wait(delivery, Tried(progress: progress, notBefore: 0), in: place.segment)
        } else {
            // As if never tried: it takes no memory, and the cursor comes by it again.
            rewind(id, to: number)
        }
        return (wasOwed ? .wasOwed : .reopened, JournalEntry(delivery, .reopened, progress))
    }

    /// The first event that a queue is owed.
    func oldest(_ id: QueueID) -> Position? {
        for segment in segments {
            if let index = segment.owed[id]?.first(from: 0), segment.places[index] != Places.missing {
                return Position(
                    segment: segment.first, offset: segment.places[index], event: segment.first + UInt64(index))
            }
        }
        return nil
    }
}
