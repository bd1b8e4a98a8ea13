/// When the deliveries of one queue's share of a segment are tried again, packed: ten bytes an event of the segment,
/// whether or not it waits, instead of some eighty for each that does.
///
/// Nothing is rounded. What does not fit, such as a time more than a month off the others, is not taken: it stays in the
/// ledger's own table (`Waiting`).
struct Schedule: Sendable {
    /// The number of the segment's first event.
    let first: UInt64
    /// Times are kept as milliseconds since this moment and one more; 0 stands for 0.
    private var base: Int64
    private var notBefore: [UInt32]
    private var since: [UInt32]
    /// Attempts made, or `absent`.
    private var attempts: [UInt16]
    /// How many wait.
    private(set) var count = 0
    /// What was due by now was handed over by `due(by:)`, and is not again.
    private var handedUpTo = Int64.min
    /// None that was not handed over is due before.
    private(set) var earliest = Int64.max

    private static let absent = UInt16.max
    /// So far before the first time that is kept a later one may lie, in milliseconds: twelve days.
    private static let slack: Int64 = 1 << 30

    /// An empty schedule of a segment, for times about `time`, in milliseconds since 1970.
    init(of segment: Range<UInt64>, around time: Int64) {
        first = segment.lowerBound
        base = time - Schedule.slack
        // As many as there are, and no room for growth: the segment is written already, or nearly.
        notBefore = Array(repeating: 0, count: segment.count)
        since = Array(repeating: 0, count: segment.count)
        attempts = Array(repeating: Schedule.absent, count: segment.count)
    }

    /// The delivery of an event, if it waits here.
    subscript(number: UInt64) -> Ledger.Tried? {
        guard let index = index(of: number) else { return nil }
        return tried(index)
    }

    /// Whether the delivery of an event waits here.
    func contains(_ number: UInt64) -> Bool { index(of: number) != nil }

    /// Takes a delivery in; `false` if it does not fit. `isHanded` says that its time is one that was handed over.
    mutating func insert(_ number: UInt64, _ tried: Ledger.Tried) -> (fits: Bool, isHanded: Bool) {
        guard tried.progress.attemptsBefore == 0, tried.progress.attempts < UInt32(Schedule.absent),
            let time = packed(tried.notBefore), let begun = packed(tried.progress.since)
        else {
            remove(number)
            return (false, false)
        }
        let index = Int(number - first)
        if attempts.count <= index {
            let missing = index + 1 - attempts.count
            notBefore.append(contentsOf: repeatElement(0, count: missing))
            since.append(contentsOf: repeatElement(0, count: missing))
            attempts.append(contentsOf: repeatElement(Schedule.absent, count: missing))
        }
        if attempts[index] == Schedule.absent { count += 1 }
        notBefore[index] = time
        since[index] = begun
        attempts[index] = UInt16(tried.progress.attempts)
        if tried.notBefore <= handedUpTo { return (true, true) }
        earliest = min(earliest, tried.notBefore)
        return (true, false)
    }

    /// Lets go of a delivery; answers whether it was here.
    @discardableResult
    mutating func remove(_ number: UInt64) -> Bool {
        guard let index = index(of: number) else { return false }
        attempts[index] = Schedule.absent
        count -= 1
        return true
    }

    /// Hands over what is due by now, once.
    mutating func due(by now: Int64) -> [Ledger.Due] {
        var due: [Ledger.Due] = []
        var next = Int64.max
        for index in attempts.indices where attempts[index] != Schedule.absent {
            let time = unpacked(notBefore[index])
            guard time > handedUpTo else { continue }
            if time <= now {
                due.append(Ledger.Due(notBefore: time, number: first + UInt64(index)))
            } else {
                next = min(next, time)
            }
        }
        handedUpTo = max(handedUpTo, now)
        earliest = next
        return due
    }

    /// Has everything come sooner, before anything is handed out.
    mutating func pullIn(by milliseconds: Int64) {
        base -= milliseconds
        begin()
    }

    /// Forgets what was handed over.
    mutating func begin() {
        handedUpTo = .min
        earliest = .max
        for index in attempts.indices where attempts[index] != Schedule.absent {
            earliest = min(earliest, unpacked(notBefore[index]))
        }
    }

    /// The first that waits at a place or behind it, counted from the segment's first event.
    func entry(from place: Int) -> (place: Int, tried: Ledger.Tried)? {
        var index = place
        while index < attempts.count {
            if attempts[index] != Schedule.absent { return (index, tried(index)) }
            index += 1
        }
        return nil
    }

    private func index(of number: UInt64) -> Int? {
        guard number >= first, number - first < UInt64(attempts.count) else { return nil }
        let index = Int(number - first)
        return attempts[index] == Schedule.absent ? nil : index
    }

    private func tried(_ index: Int) -> Ledger.Tried {
        Ledger.Tried(
            progress: Progress(
                attempts: UInt32(attempts[index]), attemptsBefore: 0, since: unpacked(since[index])),
            notBefore: unpacked(notBefore[index]))
    }

    private func packed(_ time: Int64) -> UInt32? {
        guard time != 0 else { return 0 }
        let (difference, overflow) = time.subtractingReportingOverflow(base)
        return overflow || difference < 0 ? nil : UInt32(exactly: difference + 1)
    }

    private func unpacked(_ time: UInt32) -> Int64 { time == 0 ? 0 : base + Int64(time) - 1 }
}
