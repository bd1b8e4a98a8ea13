extension Ledger {
    /// How an event's deliveries stand, in the order in which they were owed.
    func standings(of number: UInt64, owed: [QueueID]) -> [DeliveryStanding] {
        guard let place = place(of: number) else { return [] }
        let segment = segments[place.segment]
        return owed.map { queue in
            let waiting = tried[DeliveryID(event: EventNumber(rawValue: number), queue: queue)]
            let state: DeliveryStanding.State
            if segment.owed[queue]?.contains(place.index) == true {
                if let waiting, waiting.notBefore > 0 {
                    state = .later(notBefore: waiting.notBefore)
                } else {
                    state = .waiting
                }
            } else {
                state = segment.failed[queue]?.contains(place.index) == true ? .failed : .done
            }
            return DeliveryStanding(
                queue: queue, target: queues[queue]?.name ?? "?", state: state,
                progress: waiting?.progress ?? Progress())
        }
    }

    /// The queues that an event is owed to, or was given up for: at acceptance or, by hand, later.
    func queues(of number: UInt64) -> [QueueID] {
        guard let place = place(of: number) else { return [] }
        let segment = segments[place.segment]
        return queues.keys.filter {
            segment.owed[$0]?.contains(place.index) == true || segment.failed[$0]?.contains(place.index) == true
        }
    }

    /// The events of a queue that were given up, behind `number`, at most `limit`.
    func failed(_ id: QueueID, after number: UInt64, limit: Int) -> [EventNumber] {
        events(after: number, limit: limit) { $0.failed[id] }
    }

    /// What a queue is owed of the events behind `number` and up to `last`, at most `limit` deliveries, with what was made of each.
    func owed(_ id: QueueID, after number: UInt64, through last: UInt64, limit: Int) -> [GivenUpDelivery] {
        events(after: number, limit: limit) { $0.first <= last ? $0.owed[id] : nil }
            .prefix { $0.rawValue <= last }
            .map { event in
                let progress = tried[DeliveryID(event: event, queue: id)]?.progress
                return GivenUpDelivery(event: event, progress: progress ?? Progress())
            }
    }

    /// The events behind `number` that a bitmap of each segment names, at most `limit`.
    private func events(after number: UInt64, limit: Int, _ named: (Segment) -> Bitmap?) -> [EventNumber] {
        var found: [EventNumber] = []
        for segment in segments where number < segment.end && found.count < limit {
            guard let named = named(segment), !named.isEmpty else { continue }
            var from = number < segment.first ? 0 : Int(number - segment.first) + 1
            while found.count < limit, let index = named.first(from: from) {
                found.append(EventNumber(rawValue: segment.first + UInt64(index)))
                from = index + 1
            }
        }
        return found
    }
}
