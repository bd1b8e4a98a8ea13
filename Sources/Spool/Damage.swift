/// Something of the spool that is not as it was written, or not there any more.
public struct Damage: Hashable, Sendable {
    /// A file of the spool.
    public enum File: Hashable, Sendable {
        /// A segment, by its first event's number.
        case segment(UInt64)
        /// An outcome journal, by its number.
        case journal(UInt64)
        /// The notes, or their second copy.
        case notes(isCopy: Bool)

        /// Its path within the spool.
        public var path: String {
            switch self {
            case .segment(let first): "segments/" + SegmentWriter.name(first)
            case .journal(let number): "segments/" + OutcomeJournal.name(number)
            case .notes(let isCopy): isCopy ? Notebook.copyName : Notebook.name
            }
        }
    }

    /// Where it is.
    public var file: File
    /// The bytes that are no record; empty where a file or its end is missing.
    public var range: Range<Int>
    /// The numbers of events that were acknowledged and are gone with it, as far as something else knows of them.
    public var numbers: Range<UInt64>?
    /// What is known of these events' deliveries that was not settled, by target.
    public var deliveries: [String: Int] = [:]

    /// Whether another copy has what was there.
    public var isMended = false

    init(_ file: File, range: Range<Int>, numbers: Range<UInt64>? = nil) {
        self.file = file
        self.range = range
        self.numbers = numbers
    }

    init(segment: UInt64, range: Range<Int>, numbers: Range<UInt64>? = nil) {
        self.init(.segment(segment), range: range, numbers: numbers)
    }

    /// What it counts for: a stretch of bytes for one, missing events for each of them.
    var weight: Int { max(1, numbers?.count ?? 0) }
}
