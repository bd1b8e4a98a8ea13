import EventJSON

/// One event's working memory, reused from event to event. Owned by one thread.
public struct MatchScratch: Sendable {
    /// A value at a slot, as the tables are asked about it. `next` chains the values of one slot, in the event's order.
    struct Value {
        var kind: ValueKind
        var isText: Bool
        /// The text's place: in the body, in the request, or in `texts` where escapes were resolved.
        var base: UnsafeRawPointer?
        var count: Int
        var hash: UInt32
        var trail: Int32
        var next: Int32

        var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
    }

    /// A way still to be gone: a node, and the array elements that its values were chosen in.
    struct Way {
        var node: UInt32
        var chosen: Int32
    }

    /// An array element that a value was chosen in, for the place of some rank, behind those chosen before.
    struct Choice {
        var trail: Int32
        var rank: Int32
        var before: Int32
    }

    // Unchecked in effect: the pointers in `values` are only valid during one match, which empties it.
    nonisolated(unsafe) var values: [Value] = []
    var heads: [Int32]
    var tails: [Int32]
    /// The slots that have values.
    var present: [Int] = []
    var ways: [Way] = []
    var choices: [Choice] = []
    /// For each node when it was last come to, and by which choice: a way is gone once.
    var stamps: [UInt64]
    var stamp: UInt32 = 0
    var isMatched: [Bool]
    var texts: [[UInt8]] = []
    /// The patterns that matched, by number in ascending order.
    public internal(set) var matched: [Int] = []

    init(slots: Int, nodes: Int, patterns: Int) {
        heads = Array(repeating: -1, count: slots)
        tails = Array(repeating: -1, count: slots)
        stamps = Array(repeating: 0, count: nodes)
        isMatched = Array(repeating: false, count: patterns)
    }
}
