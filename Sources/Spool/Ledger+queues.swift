/// What is done to a whole queue at once: by bitmaps, so that ten million deliveries cost a few words each segment.
extension Ledger {
    /// Owes to `other` what a queue is owed, but `kept`, as if it had never been tried.
    mutating func move(_ id: QueueID, to other: QueueID, except kept: Set<UInt64>) -> QueueSweep {
        guard queues[other] != nil, other != id else { return QueueSweep() }
        let failedBefore = segments.reduce(0) { $0 + ($1.failed[other]?.count ?? 0) }
        var gained = 0
        let sweep = sweep(id, except: kept) { segment, released in
            gained += segment.owe(released, other)
        }
        queues[other]?.waiting += gained
        queues[other]?.failed += segments.reduce(0) { $0 + ($1.failed[other]?.count ?? 0) } - failedBefore
        if let first = sweep.first { rewind(other, to: first.rawValue) }
        return sweep
    }

    /// Takes all that a queue is owed from it, but `kept`; `place` says where it goes.
    private mutating func sweep(
        _ id: QueueID, except kept: Set<UInt64>, _ place: (inout Segment, Bitmap) -> Void
    ) -> QueueSweep {
        guard let queue = queues[id] else { return QueueSweep() }
        var sweep = QueueSweep()
        for index in segments.indices where segments[index].owed[id]?.isEmpty == false {
            let first = segments[index].first
            let stays = kept.compactMap { $0 >= first && $0 < segments[index].end ? Int($0 - first) : nil }
            let released = segments[index].release(id, except: stays)
            guard let lowest = released.first(from: 0), let highest = released.last else { continue }
            sweep.count += released.count
            sweep.first = sweep.first ?? EventNumber(rawValue: first + UInt64(lowest))
            sweep.last = EventNumber(rawValue: first + UInt64(highest))
            place(&segments[index], released)
            tried.remove(id, in: first..<segments[index].end, except: kept)
            segments[index].fold()
        }
        var rest = queue
        rest.inHand.formIntersection(kept)
        rest.waiting -= sweep.count
        queues[id] = rest
        return sweep
    }

    /// Owes an event to a queue, whether or not it was to have it at acceptance, with a fresh schedule. What is owed
    /// already stays as it is.
    mutating func owe(_ delivery: DeliveryID) -> (result: ReopenResult, entry: JournalEntry?) {
        guard let place = place(of: delivery.event.rawValue), queues[delivery.queue] != nil else {
            return (.noSuchEvent, nil)
        }
        if segments[place.segment].owed[delivery.queue]?.contains(place.index) == true { return (.wasOwed, nil) }
        return reopen(delivery)
    }

    /// Has a queue look again at what comes from an event on.
    mutating func rewind(_ id: QueueID, to number: UInt64) {
        let cursor = queues[id]?.cursor ?? 0
        queues[id]?.cursor = min(cursor, number)
    }

    /// The first retained event behind `number`; segments whose last event came before `since` are passed over.
    func retained(after number: UInt64, since: Int64) -> UInt64? {
        for segment in segments where segment.end > number + 1 && segment.lastReceivedAt >= since {
            var next = max(number + 1, segment.first)
            while next < segment.end {
                if place(of: next) != nil { return next }
                next += 1
            }
        }
        return nil
    }
}
