import Spool

/// Which targets keep an order, and where each one's partition stands in a subject. Logic alone.
struct Orders: Sendable {
    private struct Kept: Sendable {
        var slot: Int
        var hash: @Sendable (UnsafeRawBufferPointer) -> UInt64
    }

    private var kept: [QueueID: Kept] = [:]

    /// Has a queue keep an order.
    mutating func keep(_ queue: QueueID, slot: Int, by order: KeptOrder) {
        kept[queue] = Kept(slot: slot, hash: order.hash)
    }

    /// Whether a queue keeps an order.
    func isKept(_ queue: QueueID) -> Bool { kept[queue] != nil }

    /// The part of a queue that an event belongs to.
    func share(of queue: QueueID, body: UnsafeRawBufferPointer) -> Share {
        Share(queue, kept[queue].map { Partition(slot: $0.slot, hash: $0.hash(body)) })
    }

    /// The parts of the queues that an event is owed to.
    func shares(of queues: [QueueID], body: UnsafeRawBufferPointer) -> [Share] {
        kept.isEmpty ? queues.map { Share($0) } : queues.map { share(of: $0, body: body) }
    }

    /// Who had which slot when it was read.
    struct Slot: Sendable, Equatable {
        /// The target; `nil` if it was never taken.
        var holder: String?
        /// The number of the message that says so; 0 if there is none.
        var message: UInt64 = 0
    }

    /// The slots of these targets: the one that each has, else the first that was never taken, else the first whose holder is
    /// none of them. What it comes to must then be claimed, for as long as nobody else did.
    static func places(of targets: [String], in slots: [Slot]) -> [String: Int]? {
        var places: [String: Int] = [:]
        for target in targets { places[target] = slots.firstIndex { $0.holder == target } }
        for target in targets where places[target] == nil {
            let free = slots.indices.filter { !places.values.contains($0) }
            guard let slot = free.first(where: { slots[$0].holder == nil }) ?? free.first else { return nil }
            places[target] = slot
        }
        return places
    }
}
