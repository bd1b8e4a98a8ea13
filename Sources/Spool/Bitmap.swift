/// A set of small numbers, one bit each.
struct Bitmap: Sendable {
    private(set) var words: [UInt64]
    private(set) var count = 0

    init() { words = [] }

    init(words: [UInt64]) {
        self.words = words
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    var isEmpty: Bool { count == 0 }

    func contains(_ index: Int) -> Bool {
        let word = index >> 6
        return word < words.count && words[word] & (1 << UInt64(index & 63)) != 0
    }

    /// Answers whether it was new.
    @discardableResult
    mutating func insert(_ index: Int) -> Bool {
        let word = index >> 6
        while words.count <= word { words.append(0) }
        let bit: UInt64 = 1 << UInt64(index & 63)
        guard words[word] & bit == 0 else { return false }
        words[word] |= bit
        count += 1
        return true
    }

    /// Answers whether it was there.
    @discardableResult
    mutating func remove(_ index: Int) -> Bool {
        guard contains(index) else { return false }
        words[index >> 6] &= ~(1 << UInt64(index & 63))
        count -= 1
        if count == 0 { words = [] }
        return true
    }

    /// Takes another set's members in.
    mutating func formUnion(_ other: Bitmap) {
        while words.count < other.words.count { words.append(0) }
        for (index, word) in other.words.enumerated() { words[index] |= word }
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// Takes another set's members out.
    mutating func subtract(_ other: Bitmap) {
        for index in 0..<min(words.count, other.words.count) { words[index] &= ~other.words[index] }
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
        if count == 0 { words = [] }
    }

    /// The largest member.
    var last: Int? {
        words.lastIndex { $0 != 0 }.map { $0 << 6 + 63 - words[$0].leadingZeroBitCount }
    }

    /// The smallest member from `start` on.
    func first(from start: Int) -> Int? {
        var word = start >> 6
        guard start >= 0, word < words.count else { return nil }
        var bits = words[word] & (~0 << UInt64(start & 63))
        while bits == 0 {
            word += 1
            guard word < words.count else { return nil }
            bits = words[word]
        }
        return word << 6 + bits.trailingZeroBitCount
    }

    /// All members, in order.
    var members: Members { Members(words: words) }

    /// The members of a bitmap, in order.
    struct Members: Sequence, IteratorProtocol {
        private let words: [UInt64]
        private var index = 0
        private var bits: UInt64

        init(words: [UInt64]) {
            self.words = words
            bits = words.first ?? 0
        }

        mutating func next() -> Int? {
            while bits == 0 {
                index += 1
                guard index < words.count else { return nil }
                bits = words[index]
            }
            defer { bits &= bits - 1 }
            return index << 6 + bits.trailingZeroBitCount
        }
    }
}
