/// Where a segment's records stand, by their place: the event's number counted from the segment's first.
///
/// A segment as it was written has a record at nearly every place; one that was compacted has few. Neither takes more
/// than eight bytes a record.
struct Places: Sendable, Equatable {
    /// No record at this place: it was damaged, or the event is finished and gone.
    static let missing = UInt32.max
    /// A sparse table takes this many times the room of a dense one for each record.
    private static let sparseCost = 2

    /// By place; empty if the table is sparse.
    private var dense: [UInt32] = []
    /// Places and their offsets, in order; empty if the table is dense.
    private var sparse: [(place: UInt32, offset: UInt32)] = []
    private var isSparse = false
    /// How many places there are, empty ones included.
    private(set) var count = 0
    /// How many records there are.
    private(set) var live = 0

    init() {}

    /// A table of these records, whose places rise, over so many places.
    init(_ records: [(place: UInt32, offset: UInt32)], count: Int) {
        self.count = count
        live = records.count
        isSparse = records.count * Places.sparseCost < count
        if isSparse {
            sparse = records
        } else {
            dense = [UInt32](repeating: Places.missing, count: count)
            for record in records { dense[Int(record.place)] = record.offset }
        }
    }

    static func == (one: Places, other: Places) -> Bool {
        one.count == other.count && one.records.elementsEqual(other.records, by: ==)
    }

    /// Where a place's record stands, or `missing`.
    subscript(place: Int) -> UInt32 {
        guard isSparse else { return place < dense.count ? dense[place] : Places.missing }
        let index = sparseIndex(of: place)
        return index < sparse.count && Int(sparse[index].place) == place ? sparse[index].offset : Places.missing
    }

    /// Adds a record behind all others.
    mutating func append(_ offset: UInt32, at place: Int) {
        while dense.count < place { dense.append(Places.missing) }
        dense.append(offset)
        count = dense.count
        live += 1
    }

    /// Every record with its place, in order.
    var records: [(place: UInt32, offset: UInt32)] {
        if isSparse { return sparse }
        return dense.indices.lazy.filter { dense[$0] != Places.missing }.map { (UInt32($0), dense[$0]) }
    }

    /// Lets go of what an array keeps for growth. What the allocator rounds up to stays: a copy would have it too.
    mutating func trim() {
        if dense.capacity > dense.count + dense.count / 8 { dense = dense.withUnsafeBufferPointer { Array($0) } }
    }

    private func sparseIndex(of place: Int) -> Int {
        var low = 0
        var high = sparse.count
        while low < high {
            let middle = (low + high) / 2
            if sparse[middle].place < UInt32(place) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
