import EventJSON
import NATS
import Spool

/// Order over all relays: an event's subject names its partition, and each partition is a consumer that hands out one message
/// and, until that one is done or given up, no other. All of it blocks.
extension JetStreamLog {
    /// A relay never sees all of a key's events, the brokers do.
    public var keepsOrder: Bool { true }
    /// Each message has an acknowledgement of its own.
    public var takesOneBatchAtATime: Bool { false }

    /// Has exactly these targets keep an order from now on: gives each a slot, and its partitions consumers. What stands in
    /// partitions of targets that kept an order before is handed out all the same.
    public func keepOrder(of targets: [KeptOrder]) throws(SpoolError) {
        guard targets.count <= Partition.slots else {
            throw .elsewhere(reason: "\(targets.count) targets have `order`; on a cluster \(Partition.slots) can")
        }
        let slots = targets.isEmpty ? [:] : try claimSlots(targets.map(\.target))
        var known: [QueueID: Set<Partition>] = [:]
        try patiently("the consumers can't be listed") { () throws(NATSFault) in known = try knownPartitions() }
        var orders = Orders()
        for order in targets {
            if board.queue(named: order.target) == nil { try register(order.target) }
            guard let queue = board.queue(named: order.target), let slot = slots[order.target] else {
                throw .elsewhere(reason: "the brokers gave \(order.target) no number")
            }
            known[queue] = try preparePartitions(queue, slot, of: order.target, known[queue] ?? [])
            orders.keep(queue, slot: slot, by: order)
        }
        for (queue, partitions) in known {
            board.change(queue) { known in
                for partition in partitions where known.parts[partition] == nil {
                    known.parts[partition] = StatusBoard.Part()
                }
            }
        }
        client.perform { [self, known] in
            partitions = known
            for (queue, partitions) in known {
                for partition in partitions { entries[queue]?.add(partition) }
                for share in entries[queue]?.shares ?? [] { decide(share) { _, _ in } }
            }
        }
        self.orders.withLock { [orders] in $0 = orders }
    }

    /// Makes the consumers of a slot that are not there; all of them anew if those have another `ack_wait`.
    private func preparePartitions(
        _ queue: QueueID, _ slot: Int, of target: String, _ known: Set<Partition>
    ) throws(SpoolError) -> Set<Partition> {
        let all = (0..<Partition.count).map { Partition(slot: slot, number: $0) }
        var missing = all.filter { !known.contains($0) }
        try patiently("the consumers of \(target) can't be made") { () throws(NATSFault) in
            if let there = all.first(where: known.contains) {
                let info = try ask(
                    JetStreamAPI.consumer(Share(queue, there).consumer, of: subjects.eventStream), [])
                let wanted = UInt64(clamping: settings.ackWait.wholeMilliseconds) * 1_000_000
                if info.number("config", "ack_wait") != wanted { missing = all }
            }
        }
        // Patience begins anew with each: 32 take their time where a broker has just gone.
        for partition in missing {
            try patiently("the consumers of \(target) can't be made") { () throws(NATSFault) in
                try makeConsumer(of: Share(queue, partition))
            }
        }
        return known.union(all)
    }

    /// Finds which target has which slot, and claims those that are missing. Relays that do so at once end with the same.
    private func claimSlots(_ targets: [String]) throws(SpoolError) -> [String: Int] {
        var places: [String: Int] = [:]
        try patiently("the orders' slots can't be claimed") { () throws(NATSFault) in
            var slots: [Orders.Slot] = []
            for slot in 0..<Partition.slots {
                let found = try client.message(.last(of: subjects.slot(slot)), of: subjects.targetStream)
                slots.append(
                    Orders.Slot(
                        holder: found.map { String(decoding: $0.message.payload, as: UTF8.self) },
                        message: found?.sequence ?? 0))
            }
            places = Orders.places(of: targets, in: slots) ?? [:]
            for (target, slot) in places where slots[slot].holder != target {
                do throws(NATSFault) {
                    _ = try client.publish(subjects.slot(slot), Array(target.utf8), after: slots[slot].message)
                } catch  where error.isWrongLast {
                    throw NATSFault(.later, "another relay claims one")
                }
            }
        }
        return places
    }

    /// Learns how far the consumers of all targets have come.
    func learnShares() throws(SpoolError) {
        var known: [QueueID: Set<Partition>] = [:]
        try asking { () throws(NATSFault) in known = try knownPartitions() }
        for queue in board.queues.keys {
            for partition in [nil] + (known[queue] ?? []).map(Optional.some) {
                try asking { () throws(NATSFault) in
                    do throws(NATSFault) {
                        let consumer = Share(queue, partition).consumer
                        let info = try ask(JetStreamAPI.consumer(consumer, of: subjects.eventStream), [])
                        let reach = Reach(info)
                        board.change(queue) {
                            $0.parts[partition, default: StatusBoard.Part()].reach = reach
                        }
                    } catch  where error.code == NATSFault.consumerNotFound {
                        // Nobody has begun to work it.
                    }
                }
            }
        }
    }

    /// The partitions that there are consumers for, by the consumers' names.
    func knownPartitions() throws(NATSFault) -> [QueueID: Set<Partition>] {
        var known: [QueueID: Set<Partition>] = [:]
        var offset = 0
        while true {
            let answer = try ask(JetStreamAPI.consumers(of: subjects.eventStream), Array("{\"offset\":\(offset)}".utf8))
            let names = answer.root[key: "consumers"]?.array?.compactMap(\.string) ?? []
            for name in names {
                guard let share = Share(consumer: name), let partition = share.partition else { continue }
                known[share.queue, default: []].insert(partition)
            }
            offset += names.count
            if names.isEmpty || offset >= answer.number("total") { return known }
        }
    }
}
