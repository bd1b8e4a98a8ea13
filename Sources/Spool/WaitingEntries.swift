/// Everything that waits, one by one: first the few, then each schedule in its order.
struct WaitingEntries: Sequence, IteratorProtocol {
    private var few: [DeliveryID: Ledger.Tried].Iterator
    private var schedules: [(queue: QueueID, schedule: Schedule)]
    private var place = 0

    init(_ few: [DeliveryID: Ledger.Tried], _ schedules: [QueueID: [Schedule]]) {
        self.few = few.makeIterator()
        // The last one is at hand, and goes when it has been read.
        self.schedules = schedules.flatMap { queue, all in all.map { (queue, $0) } }.reversed()
    }

    mutating func next() -> JournalEntry? {
        if let (delivery, tried) = few.next() {
            return JournalEntry(delivery, .later, tried.progress, notBefore: tried.notBefore)
        }
        while let (queue, schedule) = schedules.last {
            if let (found, tried) = schedule.entry(from: place) {
                place = found + 1
                let event = EventNumber(rawValue: schedule.first + UInt64(found))
                return JournalEntry(
                    DeliveryID(event: event, queue: queue), .later, tried.progress, notBefore: tried.notBefore)
            }
            schedules.removeLast()
            place = 0
        }
        return nil
    }
}
