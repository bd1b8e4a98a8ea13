/// How far event numbers were given, and which of them no segment has: what a start holds the segments against, so that nothing
/// vanishes unnoticed and no number is given twice.
///
/// It stands in the journal's checkpoint, and behind each batch of outcomes.
///
/// ```
/// given u64 · durable u64 · flags u32 · gone u32 · lost u32 · zero u32
/// gone:  from u64 · end u64
/// lost:  from u64 · end u64 · noticed at i64
/// ```
struct NumberMark: Equatable, Sendable {
    /// Numbers whose events were acknowledged, and that no segment has.
    struct Lost: Equatable, Sendable {
        var numbers: Range<UInt64>
        /// When that was noticed, in milliseconds since 1970.
        var noticedAt: Int64 = 0
    }

    private enum Flag {
        static let clean: UInt32 = 1
        static let whole: UInt32 = 2
    }

    /// The number behind the last that was given.
    var given: UInt64 = 0
    /// The number behind the last whose event is durable: without a sync for each commit it may be behind `given`.
    var durable: UInt64 = 0
    /// Whether the spool was closed with this.
    var isClean = false
    /// Whether `gone` and `lost` are all there are: else they come to those that were said before.
    var isWhole = false
    /// Numbers that no segment has to have: their segments were removed, or they were never an acknowledged event's.
    var gone: [Range<UInt64>] = []
    var lost: [Lost] = []

    /// So many losses are remembered; the oldest go first.
    static let lostLimit = 1000

    /// What comes to a whole mark with a batch of outcomes: how far numbers are, and those whose segments are about to go.
    func briefly(leaving: [Range<UInt64>]) -> NumberMark {
        var brief = NumberMark(given: given, durable: durable)
        brief.isClean = isClean
        brief.gone = leaving
        return brief
    }

    /// Takes in what was said later.
    mutating func absorb(_ later: NumberMark) {
        given = max(given, later.given)
        durable = max(durable, later.durable)
        isClean = later.isClean
        gone = later.isWhole ? later.gone : gone + later.gone
        lost = later.isWhole ? later.lost : lost + later.lost
        isWhole = isWhole || later.isWhole
    }

    /// The numbers that segments should have and don't: those of durable events which are neither in one of these ranges, in order,
    /// nor known to be gone or lost. What is missing between segments is only told by a mark that is whole.
    func missing(from present: [Range<UInt64>]) -> [Range<UInt64>] {
        let end = present.map(\.upperBound).max() ?? 1
        let tail = end..<max(end, durable)
        let between = isWhole ? NumberMark.rest(of: 1..<end, without: present) : []
        return (between + [tail]).flatMap { NumberMark.rest(of: $0, without: gone + lost.map(\.numbers)) }
    }

    /// Which of these numbers, that no segment has, are missing, those included that are known to be lost.
    func missing(of numbers: Range<UInt64>) -> [Range<UInt64>] {
        let known = lost.map { $0.numbers.clamped(to: numbers) }.filter { !$0.isEmpty }
        let isTold = isWhole || numbers.upperBound >= durable
        let unknown = isTold ? NumberMark.rest(of: numbers, without: gone + known) : []
        return (known + unknown).sorted { $0.lowerBound < $1.lowerBound }
    }

    /// What of a range is in none of the others.
    static func rest(of range: Range<UInt64>, without others: [Range<UInt64>]) -> [Range<UInt64>] {
        var rest: [Range<UInt64>] = []
        var next = range.lowerBound
        for other in others.sorted(by: { $0.lowerBound < $1.lowerBound }) where other.upperBound > next {
            if other.lowerBound >= range.upperBound { break }
            if other.lowerBound > next { rest.append(next..<other.lowerBound) }
            next = max(next, other.upperBound)
        }
        if next < range.upperBound { rest.append(next..<range.upperBound) }
        return rest
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: given)
        bytes.append(littleEndian: durable)
        bytes.append(littleEndian: (isClean ? Flag.clean : 0) | (isWhole ? Flag.whole : 0))
        bytes.append(littleEndian: UInt32(gone.count))
        let lost = lost.suffix(NumberMark.lostLimit)
        bytes.append(littleEndian: UInt32(lost.count))
        bytes.append(littleEndian: UInt32(0))
        for range in gone {
            bytes.append(littleEndian: range.lowerBound)
            bytes.append(littleEndian: range.upperBound)
        }
        for one in lost {
            bytes.append(littleEndian: one.numbers.lowerBound)
            bytes.append(littleEndian: one.numbers.upperBound)
            bytes.append(littleEndian: one.noticedAt)
        }
        return bytes
    }

    init(given: UInt64 = 0, durable: UInt64 = 0) {
        self.given = given
        self.durable = durable
    }

    /// Reads one; `nil` if there is none, as in a journal of an older program, or if its lengths don't fit.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        guard let given = reader.number(UInt64.self), let durable = reader.number(UInt64.self),
            let flags = reader.number(UInt32.self), let goneCount = reader.number(UInt32.self),
            let lostCount = reader.number(UInt32.self), reader.number(UInt32.self) != nil,
            bytes.count == reader.offset + 16 * Int(goneCount) + 24 * Int(lostCount)
        else { return nil }
        self.init(given: given, durable: durable)
        isClean = flags & Flag.clean != 0
        isWhole = flags & Flag.whole != 0
        for _ in 0..<goneCount { if let range = NumberMark.range(&reader) { gone.append(range) } }
        for _ in 0..<lostCount {
            guard let range = NumberMark.range(&reader), let noticedAt = reader.number(Int64.self) else { break }
            lost.append(Lost(numbers: range, noticedAt: noticedAt))
        }
    }

    private static func range(_ reader: inout ByteReader) -> Range<UInt64>? {
        guard let from = reader.number(UInt64.self), let end = reader.number(UInt64.self), from <= end else {
            return nil
        }
        return from..<end
    }
}

extension Ledger {
    /// The numbers before `end` that no segment has.
    func absent(before end: UInt64) -> [Range<UInt64>] {
        NumberMark.rest(of: 1..<max(1, end), without: segments.map { $0.first..<$0.end })
    }
}
