/// What operators do to whole queues.
extension Spool {
    /// Owes events to queues, whether or not they were theirs at acceptance; durable when it returns.
    public func owe(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        try withCommits { commits throws(SpoolError) in try commits.makeQueuesDurable() }
        return try books.reopen(deliveries) { ledger, delivery in ledger.owe(delivery) }
    }

    /// How many deliveries are given up at a time.
    private static let givenUpTogether = 4096

    /// Gives up all that a queue is owed but `kept`, part by part; durable when it returns.
    public func giveUp(
        _ queue: QueueID, except kept: Set<EventNumber>,
        telling tell: (_ deliveries: [GivenUpDelivery]) throws(SpoolError) -> Void
    ) throws(SpoolError) -> QueueSweep {
        let newest = books.newest
        var sweep = QueueSweep()
        var last: UInt64 = 0
        while true {
            let part = books.owed(queue, after: last, through: newest, limit: Spool.givenUpTogether)
            guard let end = part.last else { return sweep }
            last = end.event.rawValue
            let leaving = part.filter { !kept.contains($0.event) }
            guard let first = leaving.first else { continue }
            try tell(leaving)
            try books.settleNow(
                leaving.map {
                    Outcome(DeliveryID(event: $0.event, queue: queue), .failed, progress: $0.progress)
                })
            sweep.count += leaving.count
            sweep.first = sweep.first ?? first.event
            sweep.last = leaving.last?.event
        }
    }

    /// Owes to one queue what another is owed, but `kept`; durable when it returns.
    public func move(_ queue: QueueID, to other: QueueID, except kept: Set<EventNumber>) throws(SpoolError)
        -> QueueSweep
    {
        let kept = Set(kept.map(\.rawValue))
        try withCommits { commits throws(SpoolError) in try commits.makeQueuesDurable() }
        return try books.sweep { $0.move(queue, to: other, except: kept) }
    }

    /// The first retained event behind `number`.
    public func retained(after number: EventNumber, since: Int64) -> EventNumber? {
        books.retained(after: number.rawValue, since: since).map { EventNumber(rawValue: $0) }
    }
}
