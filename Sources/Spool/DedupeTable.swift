/// The keys of events seen, for as long as each counts. Exact within its bound; past it the oldest go first. Logic alone.
struct DedupeTable {
    /// The most keys kept: about 64 bytes each.
    static let keyLimit = 1 << 20

    private struct Entry {
        var number: UInt64
        var until: Int64
    }

    private var entries: [SIMD2<UInt64>: Entry] = [:]
    private var order: [SIMD2<UInt64>] = []
    private var oldest = 0

    /// The event that a key was seen with, if that still counts.
    func lookup(_ key: DedupeKey, now: Int64) -> UInt64? {
        guard let entry = entries[key.hash], entry.until > now else { return nil }
        return entry.number
    }

    mutating func insert(_ key: DedupeKey, number: UInt64) {
        if entries.updateValue(Entry(number: number, until: key.until), forKey: key.hash) == nil {
            order.append(key.hash)
        }
        while entries.count > DedupeTable.keyLimit { forgetOldest() }
    }

    /// Forgets keys that no longer count, oldest first.
    mutating func purge(now: Int64) {
        while oldest < order.count, let entry = entries[order[oldest]], entry.until <= now { forgetOldest() }
    }

    private mutating func forgetOldest() {
        entries[order[oldest]] = nil
        oldest += 1
        if oldest > 4096 && oldest * 2 > order.count {
            order.removeFirst(oldest)
            oldest = 0
        }
    }
}
