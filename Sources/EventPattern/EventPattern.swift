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
    /// - Throws: `PatternError` with the place in the document.
    public init(_ value: JSONValue) throws(PatternError) {
        guard value.range.count <= EventPattern.lengthLimitBytes else {
            throw PatternError("a pattern has at most \(EventPattern.lengthLimitBytes) bytes", at: value.offset)
        }
        var reader = PatternReader()
        alternatives = try reader.read(value)
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

    /// A fault at a byte.
    public init(_ message: String, at offset: Int, hint: String = "") {
        self.message = message
        self.offset = offset
        self.hint = hint
    }
}
