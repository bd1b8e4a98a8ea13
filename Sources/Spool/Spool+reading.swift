/// Events by their places and numbers, and how their deliveries stand.
extension Spool {
    /// Reads an event's record and checks it, to deliver it. Damage is counted, noticed and copied aside.
    public func read(_ position: Position) throws(SpoolError) -> StoredEvent {
        let event = try stored(position)
        if event.isErased { throw .erased(event.number) }
        return event
    }

    private func stored(_ position: Position) throws(SpoolError) -> StoredEvent {
        do throws(SpoolError) {
            return try files.read(position)
        } catch {
            guard case .damaged = error else { throw error }
            // The segment may have been compacted since the position was given: then the event stands elsewhere.
            let number = EventNumber(rawValue: position.event)
            guard position.event > 0, let now = try books.position(of: number) else { throw error }
            books.forget(position.segment)
            do throws(SpoolError) { return try files.read(now) } catch {
                if case .damaged = error { damaged.note(now, in: files) }
                throw error
            }
        }
    }

    /// Finds an event by number; one that was erased has neither attributes nor body.
    public func event(_ number: EventNumber) throws(SpoolError) -> StoredEvent? {
        guard let position = try books.position(of: number) else { return nil }
        return try stored(position)
    }

    /// How an event's deliveries stand.
    public func deliveries(of number: EventNumber) throws(SpoolError) -> [DeliveryStanding] {
        guard let event = try event(number) else { return [] }
        return books.standings(of: number, owed: event.owed)
    }

    /// The retained events whose delivery to a queue was given up.
    public func failed(_ queue: QueueID, after number: EventNumber, limit: Int) -> [EventNumber] {
        books.failed(queue, after: number, limit: limit)
    }
}
