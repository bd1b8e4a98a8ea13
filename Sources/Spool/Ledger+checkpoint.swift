/// What a checkpoint keeps of the ledger, and how it is taken back with what the journal noted since.
extension Ledger {
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

    /// Replays what the journal kept.
    mutating func replay(_ entry: JournalEntry) {
        let id = entry.delivery.queue
        guard let place = place(of: entry.delivery.event.rawValue) else { return replayUnplaced(entry) }
        switch entry.change {
        case .done, .failed:
            forget(entry.delivery, in: place.segment)
            if segments[place.segment].settle(place.index, id, failed: entry.change == .failed) {
                queues[id]?.waiting -= 1
                if entry.change == .failed { queues[id]?.failed += 1 }
            }
        case .later:
            guard segments[place.segment].owed[id]?.contains(place.index) == true else { return }
            wait(entry.delivery, Tried(progress: entry.progress, notBefore: entry.notBefore), in: place.segment)
        case .reopened:
            if segments[place.segment].failed[id]?.contains(place.index) == true { queues[id]?.failed -= 1 }
            if segments[place.segment].owed[id]?.contains(place.index) != true { queues[id]?.waiting += 1 }
            segments[place.segment].reopen(place.index, id)
            if entry.progress.attempts > 0 {
                wait(entry.delivery, Tried(progress: entry.progress, notBefore: 0), in: place.segment)
            } else {
                forget(entry.delivery, in: place.segment)
            }
        }
    }

    private mutating func replayUnplaced(_ entry: JournalEntry) {
        switch entry.change {
        case .done, .failed: unplaced.remove(entry.delivery)
        case .later, .reopened:
            if unplaced.count < Ledger.unplacedLimit { unplaced.insert(entry.delivery) }
        }
    }

    private mutating func noteUnplaced(_ standing: Standing) {
        // Most segments have every event that a standing speaks of.
        if let place = place(ofSegment: standing.segment), segments[place].live == segments[place].count,
            segments[place].count >= Int(standing.covered)
        {
            return
        }
        for member in Bitmap(words: standing.owed).members where unplaced.count < Ledger.unplacedLimit {
            let number = EventNumber(rawValue: standing.segment + UInt64(member))
            guard place(of: number.rawValue) == nil else { continue }
            unplaced.insert(DeliveryID(event: number, queue: standing.queue))
        }
    }

    /// Replaces what a queue is owed of a segment, as a checkpoint has it.
    mutating func restore(_ standing: Standing) {
        noteUnplaced(standing)
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
}
