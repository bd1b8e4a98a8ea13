import Spool

extension JetStreamLog {
    /// A queue that this relay knows, with what it has in hand. Belongs to the client's thread.
    final class Entry {
        let name: String
        var receiver: (any DeliveryReceiver)?
        /// How many deliveries of partitions were handed out that nobody had asked for.
        var ahead = 0
        private let queue: QueueID
        private var shelf: Shelf
        private var partitions: [Partition: Shelf] = [:]

        init(_ name: String, _ queue: QueueID) {
            self.name = name
            self.queue = queue
            shelf = Shelf(queue: queue)
        }

        /// What it is made of.
        var shares: [Share] { [Share(queue)] + partitions.keys.map { Share(queue, $0) } }

        /// Takes a partition in, if it is not there.
        func add(_ partition: Partition) {
            guard partitions[partition] == nil else { return }
            var added = Shelf(queue: queue, isOneByOne: true)
            if shelf.isAttached { added.attach() }
            partitions[partition] = added
        }

        subscript(share: Share) -> Shelf? { share.partition.map { partitions[$0] } ?? shelf }

        func change(_ share: Share, _ change: (inout Shelf) -> Void) {
            guard let partition = share.partition else { return change(&shelf) }
            guard var one = partitions.removeValue(forKey: partition) else { return }
            change(&one)
            partitions[partition] = one
        }

        /// The part that has an event in hand, else the one that keeps no order.
        func share(holding event: EventNumber) -> Share {
            guard !partitions.isEmpty, shelf.held[event] == nil else { return Share(queue) }
            return Share(queue, partitions.first { $0.value.held[event] != nil }?.key)
        }

        /// Whether an event is in hand, `besides` in another part than this one.
        func holds(_ event: EventNumber, besides other: Share? = nil) -> Bool {
            let share = share(holding: event)
            return share != other && self[share]?.held[event] != nil
        }

        /// Takes credit, as far as it is not for what partitions handed out already.
        func take(_ count: Int) -> Int {
            let back = min(count, ahead)
            ahead -= back
            return count - back
        }

        func handOut(_ deliveries: [OwedDelivery], from share: Share) {
            if share.partition != nil { ahead += deliveries.count }
            receiver?.receive(deliveries)
        }
    }

    /// All parts of all queues.
    var shares: [Share] { entries.values.flatMap(\.shares) }

    /// The part of its queue that has a delivery in hand.
    func share(of delivery: DeliveryID) -> Share {
        entries[delivery.queue]?.share(holding: delivery.event) ?? Share(delivery.queue)
    }
}
