/// What carries events to another log and back needs besides what every log can do.
extension Spool {
    /// The newest event's number; 0 if there is none.
    public var newest: EventNumber { EventNumber(rawValue: books.newest) }

    /// Whether an event is still owed to anybody.
    public func isOwed(_ number: EventNumber) -> Bool { books.isOwed(number) }

    /// An event with how its deliveries stand, read once; `nil` if it is not, or no longer, here.
    public func standing(_ number: EventNumber) throws(SpoolError) -> (
        event: StoredEvent, deliveries: [DeliveryStanding]
    )? {
        guard let event = try event(number) else { return nil }
        return (event, books.standings(of: number, owed: event.owed))
    }

    /// Takes note of outcomes; durable when it returns.
    public func settleNow(_ outcomes: [Outcome]) throws(SpoolError) { try books.settleNow(outcomes) }

    /// Lets go of events that stand elsewhere, what was given up of them included, as far as whole segments of them are owed
    /// to nobody. `all` also ends the segment that is being written, so that nothing is left of them.
    public func discard(through number: EventNumber, all: Bool) throws(SpoolError) {
        if all {
            var sealed: [SealedSegment] = []
            try withCommits { commits throws(SpoolError) in
                try commits.leave([number])
                sealed = commits.takeSealed()
            }
            books.heardSealed(sealed)
        }
        try books.discard(through: number.rawValue)
    }

    /// Remembers keys of events that are here under another one, so that a repetition is known after the next start.
    public func keep(_ keys: [(key: DedupeKey, event: EventNumber)]) throws(SpoolError) {
        guard !keys.isEmpty else { return }
        try books.keep(keys.map { KeptKey(key: $0.key, number: $0.event.rawValue) })
    }
}
