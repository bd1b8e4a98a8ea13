import Spool

/// A part of a target's order: the events whose keys' hashes fall into it. Logic alone.
struct Partition: Hashable, Sendable {
    /// Into how many parts a target's keys fall. Each is a consumer, and has one delivery under way at a time.
    static let count = 32
    /// How many targets can keep an order.
    static let slots = 8

    /// The target's place in the subjects.
    var slot: Int
    var number: Int

    init(slot: Int, number: Int) {
        self.slot = slot
        self.number = number
    }

    /// The partition of a key.
    init(slot: Int, hash: UInt64) {
        self.init(slot: slot, number: Int((hash ^ hash >> 32) % UInt64(Partition.count)))
    }
}

/// What one consumer reads of a queue: a partition, or all that keeps no order. Logic alone.
struct Share: Hashable, Sendable {
    var queue: QueueID
    var partition: Partition?

    init(_ queue: QueueID, _ partition: Partition? = nil) {
        self.queue = queue
        self.partition = partition
    }

    /// What it is called: `q7`, or `q7-SLOT-NUMBER`.
    var consumer: String {
        "q\(queue.rawValue)" + (partition.map { "-\($0.slot)-\($0.number)" } ?? "")
    }

    /// Reads a consumer's name; `nil` if it is none of ours.
    init?(consumer: some StringProtocol) {
        guard consumer.first == "q" else { return nil }
        let words = consumer.dropFirst().split(separator: "-", omittingEmptySubsequences: false)
        guard let queue = words.first.flatMap({ UInt16($0) }) else { return nil }
        self.init(QueueID(rawValue: queue))
        if words.count == 1 { return }
        guard words.count == 3, let slot = Int(words[1]), (0..<Partition.slots).contains(slot),
            let number = Int(words[2]),
            (0..<Partition.count).contains(number)
        else { return nil }
        partition = Partition(slot: slot, number: number)
    }
}
