import CPlatform
import Spool

/// What operators ask of the log. An event that stands in the spool has a number of its own until it is in the cluster.
extension BufferedLog {
    /// The cluster, for what only it can answer.
    private func cluster() throws(SpoolError) -> (log: JetStreamLog, remotes: [QueueID: QueueID]) {
        let (cluster, remotes, reason) = state.withLock { ($0.cluster, $0.remotes, $0.reason) }
        guard let cluster else { throw .elsewhere(reason: reason) }
        return (cluster, remotes)
    }

    private func remote(_ queue: QueueID, _ remotes: [QueueID: QueueID]) throws(SpoolError) -> QueueID {
        guard let remote = remotes[queue] else {
            throw .elsewhere(reason: "the brokers have given this target no number yet")
        }
        return remote
    }

    /// Reads an event to deliver it: it came from the cluster.
    public func read(_ position: Position) throws(SpoolError) -> StoredEvent { try cluster().log.read(position) }

    /// Finds an event.
    public func event(_ number: EventNumber) throws(SpoolError) -> StoredEvent? {
        guard let kept = number.inSpool else { return try cluster().log.event(number) }
        var event = try spool.event(kept)
        event?.number = number
        return event
    }

    /// How an event's deliveries stand.
    public func deliveries(of number: EventNumber) throws(SpoolError) -> [DeliveryStanding] {
        if let kept = number.inSpool { return try spool.deliveries(of: kept) }
        let log = try cluster().log
        let locals = state.withLock { $0.locals }
        return try log.deliveries(of: number).map { standing in
            var standing = standing
            standing.queue = locals[standing.queue] ?? standing.queue
            return standing
        }
    }

    /// The events in the cluster whose delivery to a queue was given up.
    public func failed(_ queue: QueueID, after number: EventNumber, limit: Int) throws(SpoolError) -> [EventNumber] {
        let (log, remotes) = try cluster()
        guard let remote = remotes[queue] else { return [] }
        return try log.failed(remote, after: number, limit: limit)
    }

    /// Owes deliveries again: what stands in the spool is owed already.
    public func reopen(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        try again(deliveries, spool: { id throws(SpoolError) in try self.spool.reopen(id) }) {
            log, ids throws(SpoolError) in
            try log.reopen(ids)
        }
    }

    /// Owes events to queues.
    public func owe(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        try again(deliveries, spool: { id throws(SpoolError) in try self.spool.owe(id) }) {
            log, ids throws(SpoolError) in
            try log.owe(ids)
        }
    }

    private func again(
        _ deliveries: [DeliveryID], spool: ([DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult],
        cluster ask: (JetStreamLog, [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult]
    ) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        var results: [DeliveryID: ReopenResult] = [:]
        let here = deliveries.compactMap { id in id.event.inSpool.map { DeliveryID(event: $0, queue: id.queue) } }
        if !here.isEmpty {
            for (id, result) in try spool(here) {
                results[DeliveryID(event: id.event.shown, queue: id.queue)] = result
            }
        }
        let there = deliveries.filter { $0.event.inSpool == nil }
        guard !there.isEmpty else { return results }
        let (log, remotes) = try cluster()
        let locals = state.withLock { $0.locals }
        var ids: [DeliveryID] = []
        for id in there { ids.append(DeliveryID(event: id.event, queue: try remote(id.queue, remotes))) }
        for (id, result) in try ask(log, ids) {
            results[DeliveryID(event: id.event, queue: locals[id.queue] ?? id.queue)] = result
        }
        return results
    }

    /// Gives up what a queue is owed, in the spool and in the cluster.
    public func giveUp(
        _ queue: QueueID, except kept: Set<EventNumber>,
        telling tell: (_ deliveries: [GivenUpDelivery]) throws(SpoolError) -> Void
    ) throws(SpoolError) -> QueueSweep {
        let (log, remotes) = try cluster()
        var sweep = try log.giveUp(try remote(queue, remotes), except: kept, telling: tell)
        let here = try spool.giveUp(queue, except: []) { deliveries throws(SpoolError) in
            try tell(deliveries.map { GivenUpDelivery(event: $0.event.shown, progress: $0.progress) })
        }
        sweep.count += here.count
        return sweep
    }

    /// Owes to one queue what another is owed, in the spool and in the cluster.
    public func move(_ queue: QueueID, to other: QueueID, except kept: Set<EventNumber>) throws(SpoolError)
        -> QueueSweep
    {
        let (log, remotes) = try cluster()
        let (from, to) = (try remote(queue, remotes), try remote(other, remotes))
        // First here: what is carried meanwhile is owed to the other one already.
        let here = try spool.move(queue, to: other, except: []).count
        var sweep = try log.move(from, to: to, except: kept)
        sweep.count += here
        return sweep
    }

    /// The first event in the cluster behind a number.
    public func retained(after number: EventNumber, since: Int64) throws(SpoolError) -> EventNumber? {
        try cluster().log.retained(after: number, since: since)
    }

    /// Takes events out of wherever they are.
    public func erase(_ numbers: [EventNumber]) throws(SpoolError) -> [EventNumber: EraseResult] {
        var results: [EventNumber: EraseResult] = [:]
        let here = numbers.compactMap(\.inSpool)
        if !here.isEmpty {
            for (number, result) in try spool.erase(here) { results[number.shown] = result }
        }
        let there = numbers.filter { $0.inSpool == nil }
        if !there.isEmpty { results.merge(try cluster().log.erase(there)) { one, _ in one } }
        return results
    }

    /// What waits, in the cluster and before it.
    public func status() -> SpoolStatus {
        let here = spool.status()
        let (log, known, isBuffering, reason, carried, stay) = state.withLock {
            ($0.cluster, $0.locals, $0.isBuffering, $0.reason, $0.carried, $0.stay)
        }
        var status =
            log?.status() ?? SpoolStatus(queues: [], bytes: 0, events: 0, corrupt: 0, syncSeconds: 0, closed: nil)
        let names = Dictionary(here.queues.map { ($0.name, $0.id) }) { one, _ in one }
        status.queues = status.queues.map { queue in
            var queue = queue
            // One that only another relay has gets no number here: nothing can be asked of it by number.
            queue.id = known[queue.id] ?? names[queue.name] ?? QueueID(rawValue: .max - queue.id.rawValue)
            return queue
        }
        for queue in here.queues {
            guard let place = status.queues.firstIndex(where: { $0.id == queue.id }) else {
                status.queues.append(queue)
                continue
            }
            status.queues[place].waiting += queue.waiting
            status.queues[place].failed += queue.failed
            let oldest = [status.queues[place].oldestReceivedAt, queue.oldestReceivedAt].compactMap(\.self).min()
            status.queues[place].oldestReceivedAt = oldest
        }
        status.corrupt = here.corrupt
        status.syncSeconds = here.syncSeconds
        status.syncs = here.syncs
        status.closed = isBuffering ? here.closed : nil
        let events = Int(clamping: spool.newest.rawValue - min(carried.rawValue, spool.newest.rawValue)) + stay
        status.buffer = SpoolStatus.Buffer(
            events: events, bytes: here.bytes, oldestReceivedAt: here.queues.compactMap(\.oldestReceivedAt).min(),
            reason: isBuffering ? reason : nil)
        return status
    }
}
