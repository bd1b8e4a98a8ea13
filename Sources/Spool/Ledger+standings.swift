extension Ledger {
    /// How an event's deliveries stand, in the order in which they were owed.
    func standings(of number: UInt64, owed: [QueueID]) -> [DeliveryStanding] {
        guard let place = place(of: number) else { return [] }
        let segment = segments[place.segment]
        return owed.map { queue in
            let waiting = tried[DeliveryID(event: EventNumber(rawValue: number), queue: queue)]
            let state: DeliveryStanding.State
            if segment.owed[queue]?.contains(place.index) == true {
                if let waiting, waiting.notBefore > 0 { state = .later(notBefore: waiting.notBefore) } else { state = .waiting }
            } else {
                state = segment.failed[queue]?.contains(place.index) == true ? .failed : .done
            }
            return DeliveryStanding(
                queue: queue, target: queues[queue]?.name ?? "?", state: state, progress: waiting?.progress ?? Progress())
        }
    }
}
