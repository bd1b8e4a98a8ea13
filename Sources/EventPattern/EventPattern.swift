import EventJSON

/// A rule on events: for each path the values that are accepted; all paths must hold. Amazon EventBridge's event pattern.
public struct EventPattern: Sendable {
    /// What one path must hold.
    public struct Field: Sendable, Hashable {
        /// The path.
        public var path: EventPath
        /// What is accepted there: one of these.
        public var accepted: [Condition]
    }

    /// The paths, in the order of the text.
    public let fields: [Field]

    /// Reads a pattern.
    /// - Throws: `PatternError` with the place in the document.
    public init(_ value: JSONValue) throws(PatternError) {
        guard let members = value.members else {
            throw PatternError("a pattern is an object, not \(value.described)", at: value.offset)
        }
        var fields: [Field] = []
        try EventPattern.read(members, below: [], at: value.offset, into: &fields)
        self.fields = fields
    }

    private static func read(
        _ members: [JSONValue.Member], below keys: [String], at offset: Int, into fields: inout [Field]
    ) throws(PatternError) {
        guard !members.isEmpty else {
            throw PatternError("an empty object accepts nothing", at: offset, hint: "name a key, or leave `match` out")
        }
        for member in members {
            if member.key == "$or" {
                throw PatternError("`$or` is not in this version", at: member.keyOffset, hint: "write two routes")
            }
            if keys.isEmpty && member.key.hasPrefix("@") {
                throw PatternError(
                    "`\(member.key)` is not in this version", at: member.keyOffset, hint: "match on the body's keys")
            }
            let path = keys + member.key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard !path.contains("") else {
                throw PatternError("a path has an empty key", at: member.keyOffset)
            }
            switch member.value.content {
            case .object(let inner):
                try read(inner, below: path, at: member.value.offset, into: &fields)
            case .array(let values):
                guard !values.isEmpty else {
                    throw PatternError("an empty list accepts nothing", at: member.value.offset)
                }
                var accepted: [Condition] = []
                for value in values { accepted.append(try Condition(value)) }
                fields.append(Field(path: EventPath(keys: path), accepted: accepted))
            default:
                throw PatternError(
                    "`\(member.key)` must be a list of what is accepted, or an object, not \(member.value.described)",
                    at: member.value.offset, hint: "put it in brackets: [\"…\"]")
            }
        }
    }
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
