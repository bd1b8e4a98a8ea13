/// What every event still owes to whom, and who has been given what. Logic alone: no clock, no disk, no threads.
///
/// A delivery that is owed is in one of three places: ahead of its queue's cursor and never tried; in the receiver's hand;
/// or waiting for its time in the queue's heap. A crash forgets the second: after a restart it is in the first or third.
struct Ledger {
    /// One target's queue.
    struct Queue {
        var name: String
        var order = DeliveryOrder.whenDue
        var isAttached = false
        var credit = 0
        /// The next event number to look at.
        var cursor: UInt64 = 0
        var inHand: Set<UInt64> = []
        var due = Heap<Due>()
        var waiting = 0
        var failed = 0
    }

    /// A delivery in a heap. It counts only as long as its progress names the same time.
    struct Due: Comparable {
        var notBefore: Int64
        var number: UInt64

        static func < (one: Due, other: Due) -> Bool {
            (one.notBefore, one.number) < (other.notBefore, other.number)
        }
    }

    /// A delivery that was tried, or reopened, and is owed.
    struct Tried {
        var progress: Progress
        var notBefore: Int64
    }

    var segments: [Segment] = []
    var queues: [QueueID: Queue] = [:]
    var tried: [DeliveryID: Tried] = [:]

    mutating func register(_ queue: QueueID, named name: String) {
        if queues[queue] == nil { queues[queue] = Queue(name: name) }
    }

    mutating func add(_ segment: Segment) {
        for (queue, owed) in segment.owed { queues[queue]?.waiting += owed.count }
        for (queue, failed) in segment.failed { queues[queue]?.failed += failed.count }
        segments.append(segment)
    }

    mutating func seal(_ first: UInt64, bytes: Int) {
        guard let place = place(ofSegment: first) else { return }
        segments[place].isSealed = true
        segments[place].bytes = bytes
        segments[place].fold()
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

    mutating func appended(number: UInt64, offset: UInt32, owed: [QueueID], receivedAt: Int64, toSegment first: UInt64)
    {
        if segments.last?.first != first { segments.append(Segment(first: first)) }
        segments[segments.count - 1].append(number: number, offset: offset, owed: owed, receivedAt: receivedAt)
        for queue in owed { queues[queue]?.waiting += 1 }
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

    private func place(ofSegment first: UInt64) -> Int? { segments.firstIndex { $0.first == first } }

    /// The segment that an event is in, and the event's place there.
    func place(of event: UInt64) -> (segment: Int, index: Int)? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].first <= event { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let segment = segments[low - 1]
        guard event < segment.end else { return nil }
        let index = Int(event - segment.first)
        guard segment.isFolded || segment.places[index] != Places.missing else { return nil }
        return (low - 1, index)
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
        queue.isAttached = true
        queue.credit = 0
        queue.inHand = []
        queue.cursor = segments.first?.first ?? 0
        queue.due = Heap()
        if case .whenDue = order {
            for (delivery, waiting) in tried where delivery.queue == id {
                queue.due.insert(Due(notBefore: waiting.notBefore, number: delivery.event.rawValue))
            }
        }
        queues[id] = queue
    }

    mutating func detach(_ id: QueueID) {
        queues[id]?.isAttached = false
        queues[id]?.inHand = []
        queues[id]?.credit = 0
    }

    mutating func addCredit(_ id: QueueID, _ count: Int) { queues[id]?.credit += count }

    /// What a queue's receiver may be given now.
    mutating func take(_ id: QueueID, now: Int64) -> [OwedDelivery] {
        guard var queue = queues[id], queue.isAttached, queue.credit > 0 else { return [] }
        // Taken out and put back, so that the heap and the set are changed in place.
        queues[id] = nil
        defer { queues[id] = queue }
        var deliveries: [OwedDelivery] = []
        while queue.credit > 0 {
            guard let number = nextDue(&queue, id, now: now) ?? nextFresh(&queue, id) else { break }
            guard let position = position(of: number) else { continue }
            let key = DeliveryID(event: EventNumber(rawValue: number), queue: id)
            let waiting = tried[key]
            queue.inHand.insert(number)
            queue.credit -= 1
            deliveries.append(
                OwedDelivery(
                    event: key.event, position: position, progress: waiting?.progress ?? Progress(),
                    notBefore: waiting?.notBefore ?? 0))
        }
        return deliveries
    }

    private func nextDue(_ queue: inout Queue, _ id: QueueID, now: Int64) -> UInt64? {
        while let due = queue.due.first, due.notBefore <= now {
            _ = queue.due.removeFirst()
            let key = DeliveryID(event: EventNumber(rawValue: due.number), queue: id)
            if tried[key]?.notBefore == due.notBefore, !queue.inHand.contains(due.number) { return due.number }
        }
        return nil
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
            if let index = segment.owed[id]?.first(from: start) {
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

    /// When the next retry of a queue with credit is due; `nil` if none waits.
    func nextDue() -> Int64? {
        queues.values.lazy.filter { $0.isAttached && $0.credit > 0 }.compactMap { $0.due.first?.notBefore }.min()
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
            queues[id]?.inHand.remove(number)
            tried[outcome.delivery] = nil
            if segments[place.segment].settle(place.index, id, failed: isFailure) {
                queues[id]?.waiting -= 1
                if isFailure { queues[id]?.failed += 1 }
                if segments[place.segment].unsettled == 0 { segments[place.segment].fold() }
            }
            return JournalEntry(outcome.delivery, isFailure ? .failed : .done, outcome.progress)
        case .later(let notBefore):
            tried[outcome.delivery] = Tried(progress: outcome.progress, notBefore: notBefore)
            if case .whenDue? = queues[id]?.order {
                queues[id]?.inHand.remove(number)
                queues[id]?.due.insert(Due(notBefore: notBefore, number: number))
            }
            return JournalEntry(outcome.delivery, .later, outcome.progress, notBefore: notBefore)
        case .untried:
            queues[id]?.inHand.remove(number)
            if case .byNumber? = queues[id]?.order {
                // It comes again in its place, not when its time has come.
                rewind(id, to: number)
                return nil
            }
            let waiting = tried[outcome.delivery] ?? Tried(progress: outcome.progress, notBefore: 0)
            tried[outcome.delivery] = waiting
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
            tried[delivery] = Tried(progress: progress, notBefore: 0)
            queues[id]?.due.insert(Due(notBefore: 0, number: number))
        } else {
            // As if never tried: it takes no memory, and the cursor comes by it again.
            rewind(id, to: number)
        }
        return (wasOwed ? .wasOwed : .reopened, JournalEntry(delivery, .reopened, progress))
    }

    /// Replays what the journal kept.
    mutating func replay(_ entry: JournalEntry) {
        let id = entry.delivery.queue
        guard let place = place(of: entry.delivery.event.rawValue) else { return }
        switch entry.change {
        case .done, .failed:
            tried[entry.delivery] = nil
            if segments[place.segment].settle(place.index, id, failed: entry.change == .failed) {
                queues[id]?.waiting -= 1
                if entry.change == .failed { queues[id]?.failed += 1 }
            }
        case .later:
            guard segments[place.segment].owed[id]?.contains(place.index) == true else { return }
            tried[entry.delivery] = Tried(progress: entry.progress, notBefore: entry.notBefore)
        case .reopened:
            if segments[place.segment].failed[id]?.contains(place.index) == true { queues[id]?.failed -= 1 }
            if segments[place.segment].owed[id]?.contains(place.index) != true { queues[id]?.waiting += 1 }
            segments[place.segment].reopen(place.index, id)
            tried[entry.delivery] =
                entry.progress.attempts > 0 ? Tried(progress: entry.progress, notBefore: 0) : nil
        }
    }

    /// Replaces what a queue is owed of a segment, as a checkpoint has it.
    mutating func restore(_ standing: Standing) {
        guard let place = place(ofSegment: standing.segment), let queue = queues[standing.queue] else { return }
        let before = segments[place]
        let owedBefore = before.owed[standing.queue]?.count ?? 0
        let failedBefore = before.failed[standing.queue]?.count ?? 0
        segments[place].restore(
            standing.queue, owed: standing.owed, failed: standing.failed, covered: Int(standing.covered))
        let after = segments[place]
        var restored = queue
        restored.waiting += (after.owed[standing.queue]?.count ?? 0) - owedBefore
        restored.failed += (after.failed[standing.queue]?.count ?? 0) - failedBefore
        queues[standing.queue] = restored
    }

    /// Everything that a checkpoint keeps.
    var standings: [Standing] {
        segments.flatMap { segment in
            Set(segment.owed.keys).union(segment.failed.keys).map { queue in
                Standing(
                    segment: segment.first, covered: UInt32(segment.count), queue: queue,
                    owed: segment.owed[queue]?.words ?? [], failed: segment.failed[queue]?.words ?? [])
            }
        }
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
