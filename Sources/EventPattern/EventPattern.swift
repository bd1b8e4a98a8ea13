import EventJSON

/// A rule on events: Amazon EventBridge's event pattern, as event-ruler 2.0 understands it.
///
/// A pattern is read into alternatives, one for each way through its `$or`s; it matches when all fields of one of them
/// hold. A field holds when a value at its place is accepted by one of its conditions; of values inside arrays, all
/// that are chosen for one alternative must stand in the same elements.
public struct EventPattern: Sendable {
    /// What one place must hold.
    public struct Field: Sendable, Hashable {
        /// The place.
        public var key: FieldKey
        /// What is accepted there: one of these.
        public var accepted: [Condition]
    }

    /// A pattern's `$or`s may multiply to so many alternatives.
    public static let alternativeLimit = 1000
    /// An alternative may look at so many places.
    public static let fieldLimit = 1000
    /// A pattern's text may have so many bytes.
    public static let lengthLimitBytes = 1 << 20

    /// The alternatives, each with its fields in the order of the text. A field that comes twice counts as it came last,
    /// as event-ruler has it.
    public let alternatives: [[Field]]

    /// Reads a pattern.
    /// - Throws: the first of its `faults`, with the place in the document.
    public init(_ value: JSONValue) throws(PatternError) {
        let reading = EventPattern.read(value)
        if let fault = reading.faults.first { throw fault }
        alternatives = reading.alternatives
    }

    init(alternatives: [[Field]]) { self.alternatives = alternatives }

    /// All that is wrong with a pattern, in the order of the text; nothing if it can be used.
    public static func faults(in value: JSONValue) -> [PatternError] { read(value).faults }

    private static func read(_ value: JSONValue) -> (alternatives: [[Field]], faults: [PatternError]) {
        guard value.range.count <= lengthLimitBytes else {
            return ([], [PatternError("a pattern has at most \(lengthLimitBytes) bytes", at: value.offset)])
        }
        var reader = PatternReader(takesOr: true)
        let alternatives = reader.read(value)
        if reader.faults.isEmpty { return (alternatives, []) }
        // As event-ruler has it: where no sense can be made of it, `$or` may have been meant as a key like any other.
        var second = PatternReader(takesOr: false)
        let asKey = second.read(value)
        return second.faults.isEmpty ? (asKey, []) : ([], reader.faults)
    }

    /// Every place that the pattern looks at.
    public var keys: Set<FieldKey> { Set(alternatives.joined().map(\.key)) }
}

/// What is wrong with a pattern, where in its document, and what would be right.
public struct PatternError: Error, Equatable, Sendable {
    /// The fault.
    public var message: String
    /// The byte in the document.
    public var offset: Int
    /// What would be right; may be empty.
    public var hint: String
    /// The place in the pattern, as keys joined by dots; empty for the pattern itself.
    public var path = ""

    /// A fault at a byte.
    public init(_ message: String, at offset: Int, hint: String = "") {
        self.message = message
        self.offset = offset
        self.hint = hint
    }
}
