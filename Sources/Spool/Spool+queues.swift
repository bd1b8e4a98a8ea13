/// What operators do to whole queues.
extension Spool {
    /// Owes events to queues, whether or not they were theirs at acceptance; durable when it returns.
    public func owe(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        try withCommits { commits throws(SpoolError) in try commits.makeQueuesDurable() }
        return try books.reopen(deliveries) { ledger, delivery in ledger.owe(delivery) }
    }

    /// Gives up all that a queue is owed but `kept`; durable when it returns.
    public func giveUp(_ queue: QueueID, except kept: Set<EventNumber>) throws(SpoolError) -> QueueSweep {
        let kept = Set(kept.map(\.rawValue))
        return try books.sweep { $0.giveUp(queue, except: kept) }
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
