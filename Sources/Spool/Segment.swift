/// What the ledger knows of one segment: where its events stand and what they still owe.
struct Segment: Sendable {
    /// The number of its first event; also its name.
    let first: UInt64
    /// Each event's record by its place in the segment. Empty while the segment is folded.
    private(set) var places = Places()
    /// How many event numbers it has.
    private(set) var count = 0
    /// How many of them have a record.
    private(set) var live = 0
    /// What each queue is still owed, by the event's place.
    var owed = QueueMap<Bitmap>()
    /// What each queue was owed and given up.
    var failed = QueueMap<Bitmap>()
    /// Deliveries still owed.
    private(set) var unsettled = 0
    /// When its first event was received, in milliseconds since 1970; known of the newest segment alone.
    private(set) var firstReceivedAt: Int64?
    /// When its last event was received, in milliseconds since 1970.
    var lastReceivedAt: Int64 = 0
    /// Its size on disk, in bytes.
    var bytes = 0
    /// Whether nothing is appended to it any more.
    var isSealed = false
    /// Where in it stands what was refused and is not cut off yet: see `SealedSegment`.
    var voidFrom: Int?

    init(first: UInt64) { self.first = first }

    /// A segment as its index or its records have it: everything that was ever to go out is still owed.
    init(first: UInt64, _ index: SegmentIndex, bytes: Int) {
        self.first = first
        self.bytes = bytes
        places = index.places
        count = places.count
        live = places.live
        firstReceivedAt = index.firstReceivedAt
        lastReceivedAt = index.lastReceivedAt
        var run = index.runs.startIndex
        for record in places.records {
            while run + 1 < index.runs.endIndex, index.runs[run + 1].place <= record.place { run += 1 }
            guard run < index.runs.endIndex else { break }
            for queue in index.runs[run].owed where owed[queue, default: Bitmap()].insert(Int(record.place)) {
                unsettled += 1
            }
        }
    }

    /// The number behind its last.
    var end: UInt64 { first + UInt64(count) }
    /// Whether its places were let go of: nobody is owed anything, and whoever asks can have them from the file again.
    var isFolded: Bool { places.count == 0 && count > 0 }

    mutating func append(number: UInt64, offset: UInt32, owed queues: [QueueID], receivedAt: Int64) {
        let index = Int(number - first)
        places.append(offset, at: index)
        count = places.count
        live += 1
        for queue in queues where owed[queue, default: Bitmap()].insert(index) { unsettled += 1 }
        firstReceivedAt = firstReceivedAt ?? receivedAt
        lastReceivedAt = max(lastReceivedAt, receivedAt)
    }

    /// Lets go of the places, if nothing will be appended and nobody is owed anything; else of what they take too much.
    mutating func fold() {
        guard isSealed else { return }
        if unsettled == 0 { places = Places() } else { places.trim() }
    }

    /// Takes the places back.
    mutating func unfold(_ found: Places) {
        guard isFolded, found.count == count else { return }
        places = found
    }

    /// Has been compacted: only events that are owed to somebody have a record now.
    mutating func replace(_ new: Places, bytes: Int) {
        places = new
        live = new.live
        self.bytes = bytes
        voidFrom = nil
        // What was given up and has no record can't be sent again.
        for (queue, bitmap) in failed {
            var kept = Bitmap()
            for member in bitmap.members where new[member] != Places.missing { kept.insert(member) }
            failed[queue] = kept
        }
    }

    /// A delivery is no longer owed. Answers whether it was.
    @discardableResult
    mutating func settle(_ index: Int, _ queue: QueueID, failed isFailure: Bool) -> Bool {
        guard owed[queue]?.remove(index) == true else { return false }
        unsettled -= 1
        if isFailure { failed[queue, default: Bitmap()].insert(index) }
        return true
    }

    /// A delivery is owed again.
    mutating func reopen(_ index: Int, _ queue: QueueID) {
        failed[queue]?.remove(index)
        if owed[queue, default: Bitmap()].insert(index) { unsettled += 1 }
    }

    /// Takes away all that a queue is owed, but `kept`, by place; answers what that was.
    mutating func release(_ queue: QueueID, except kept: [Int]) -> Bitmap {
        guard var released = owed[queue] else { return Bitmap() }
        var rest = Bitmap()
        for index in kept where released.remove(index) { rest.insert(index) }
        owed[queue] = rest
        unsettled -= released.count
        return released
    }

    /// Owes events to a queue; answers how many were not owed to it before.
    mutating func owe(_ places: Bitmap, _ queue: QueueID) -> Int {
        let before = owed[queue]?.count ?? 0
        owed[queue, default: Bitmap()].formUnion(places)
        failed[queue]?.subtract(places)
        let gained = (owed[queue]?.count ?? 0) - before
        unsettled += gained
        return gained
    }

    /// The places of events that somebody is owed.
    var owedPlaces: Bitmap {
        var all = Bitmap()
        for bitmap in owed.values { all.formUnion(bitmap) }
        return all
    }

    /// Replaces what a queue is owed of the first `covered` events, as a checkpoint has it.
    mutating func restore(_ queue: QueueID, owed words: [UInt64], failed failedWords: [UInt64], covered: Int) {
        var restored = Bitmap(words: words)
        let before = owed[queue] ?? Bitmap()
        var index = before.first(from: covered)
        while let later = index {
            restored.insert(later)
            index = before.first(from: later + 1)
        }
        // A damaged record can't be delivered, whatever the checkpoint says.
        for member in restored.members where member >= count || places[member] == Places.missing {
            restored.remove(member)
        }
        unsettled += restored.count - before.count
        owed[queue] = restored
        failed[queue] = Bitmap(words: failedWords)
    }
}
