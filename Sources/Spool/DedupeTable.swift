/// The keys of events seen, for as long as each counts. Exact within its bound; past it the oldest go first. Logic alone.
struct DedupeTable {
    /// The most keys kept: about 90 bytes each, so 94 MB at the most.
    static let keyLimit = 1 << 20

    private struct Entry {
        var number: UInt64
        var until: Int64
    }

    private var entries: [SIMD2<UInt64>: Entry] = [:]
    /// Hashes with their events, in order of number.
    private var order: [(hash: SIMD2<UInt64>, number: UInt64)] = []
    private var oldest = 0

    /// The event that a key was seen with, if that still counts.
    func lookup(_ key: DedupeKey, now: Int64) -> UInt64? {
        guard let entry = entries[key.hash], entry.until > now else { return nil }
        return entry.number
    }

    /// Notes a key; numbers rise.
    mutating func insert(_ key: DedupeKey, number: UInt64) {
        entries[key.hash] = Entry(number: number, until: key.until)
        order.append((key.hash, number))
        while order.count - oldest > DedupeTable.keyLimit { forgetOldest() }
    }

    /// Forgets keys that no longer count, oldest first.
    mutating func purge(now: Int64) {
        while oldest < order.count {
            let key = order[oldest]
            if let entry = entries[key.hash], entry.number == key.number, entry.until > now { return }
            forgetOldest()
        }
    }

    /// The keys of these events that still count.
    func keys(in numbers: Range<UInt64>, now: Int64) -> [KeptKey] {
        var low = oldest
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle].number < numbers.lowerBound { low = middle + 1 } else { high = middle }
        }
        var found: [KeptKey] = []
        while low < order.count, order[low].number < numbers.upperBound {
            let key = order[low]
            if let entry = entries[key.hash], entry.number == key.number, entry.until > now {
                found.append(KeptKey(key: DedupeKey(hash: key.hash, until: entry.until), number: key.number))
            }
            low += 1
        }
        return found
    }

    private mutating func forgetOldest() {
        let key = order[oldest]
        if entries[key.hash]?.number == key.number { entries[key.hash] = nil }
        oldest += 1
        if oldest > 4096 && oldest * 2 > order.count {
            order.removeFirst(oldest)
            oldest = 0
        }
    }
}
