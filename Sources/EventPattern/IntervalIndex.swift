/// Intervals by what they contain: a balanced tree in an array, each place with the highest upper bound below it, so that
/// a question costs the logarithm of their number and what it finds.
struct IntervalIndex<Bound: Comparable & Sendable>: Sendable {
    /// One interval, both ends included, with what it leads to.
    struct Entry: Sendable {
        var low: Bound
        var high: Bound
        var value: UInt32
    }

    private let entries: [Entry]
    private let highest: [Bound]

    init(_ unsorted: [Entry]) {
        entries = unsorted.sorted { $0.low < $1.low }
        var highest = entries.map(\.high)
        _ = IntervalIndex.fill(&highest, 0..<entries.count)
        self.highest = highest
    }

    private static func fill(_ highest: inout [Bound], _ range: Range<Int>) -> Bound? {
        guard !range.isEmpty else { return nil }
        let middle = (range.lowerBound + range.upperBound) / 2
        for side in [fill(&highest, range.lowerBound..<middle), fill(&highest, (middle + 1)..<range.upperBound)] {
            if let side { highest[middle] = max(highest[middle], side) }
        }
        return highest[middle]
    }

    /// Hands over the values of all intervals that contain a point.
    func find(_ point: Bound, _ take: (UInt32) -> Void) { find(point, 0..<entries.count, take) }

    private func find(_ point: Bound, _ range: Range<Int>, _ take: (UInt32) -> Void) {
        guard !range.isEmpty else { return }
        let middle = (range.lowerBound + range.upperBound) / 2
        guard highest[middle] >= point else { return }
        find(point, range.lowerBound..<middle, take)
        let entry = entries[middle]
        guard entry.low <= point else { return }
        if entry.high >= point { take(entry.value) }
        find(point, (middle + 1)..<range.upperBound, take)
    }
}
