/// Decides what may go: finished segments that are past their time, or the oldest while space is short; and of a segment
/// in which little is unfinished, all but that. Logic alone.
struct Retention {
    /// A segment is compacted if what is unfinished takes at most one part in so many of it.
    static let compactionPart = 2
    /// Segments that go at a time: between two rounds the journal is synced once.
    static let atOnce = 4
    /// The newest segment is ended when its first event is so old a part of the time that finished events stay: they go no later than that
    /// after their time.
    static let lateness: Int64 = 10
    /// It is ended no more often, in milliseconds.
    static let endingMilliseconds: Int64 = 1000
    /// Nor while so many segments past their time are held by what is unfinished in them: there would only be more of them.
    static let heldLimit = 64

    /// How long a finished event stays, in milliseconds.
    var retainMilliseconds: Int64

    /// Whether a segment's last event is past its time.
    func isOver(_ segment: Segment, now: Int64) -> Bool { segment.lastReceivedAt + retainMilliseconds < now }

    /// Whether a segment may go: nobody is owed anything of it.
    func mayGo(_ segment: Segment, now: Int64, isShort: Bool) -> Bool {
        segment.isSealed && segment.unsettled == 0 && (isShort || isOver(segment, now: now))
    }

    /// Whether the newest segment is to be ended, for what is finished in it to go.
    func isToEnd(_ segment: Segment, now: Int64, isWanted: Bool, held: Int) -> Bool {
        guard !segment.isSealed, segment.live > 0, let began = segment.firstReceivedAt, isMostlyFinished(segment) else {
            return false
        }
        if isWanted { return true }
        let age = max(retainMilliseconds / Retention.lateness, Retention.endingMilliseconds)
        return now - began > age && held < Retention.heldLimit
    }

    /// Whether a segment is past its time and held by what is unfinished in it.
    func isHeld(_ segment: Segment, now: Int64) -> Bool {
        segment.isSealed && segment.unsettled > 0 && isOver(segment, now: now)
    }

    /// Counting is cheap, and rules out most.
    private func isMostlyFinished(_ segment: Segment) -> Bool {
        segment.owed.values.allSatisfy { $0.count * Retention.compactionPart <= segment.live }
    }

    /// What is to be kept of a segment, if letting go of the rest is worth the writing.
    func remains(of segment: Segment, now: Int64, isShort: Bool) -> [(place: UInt32, offset: UInt32)]? {
        guard segment.isSealed, segment.unsettled > 0, !segment.isFolded, isShort || isOver(segment, now: now),
            isMostlyFinished(segment)
        else { return nil }
        let owed = segment.owedPlaces
        let records = segment.places.records
        var kept: [(place: UInt32, offset: UInt32)] = []
        var bytes = 0
        for (index, record) in records.enumerated() where owed.contains(Int(record.place)) {
            let end = index + 1 < records.count ? Int(records[index + 1].offset) : segment.bytes
            bytes += end - Int(record.offset)
            kept.append(record)
        }
        return bytes * Retention.compactionPart <= segment.bytes ? kept : nil
    }
}
