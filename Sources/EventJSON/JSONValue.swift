/// A value in a document, with its place.
public struct JSONValue: Sendable {
    /// A key and its value.
    public struct Member: Sendable {
        /// The key, escapes decoded.
        public var key: String
        /// The byte at which the key's quote stands.
        public var keyOffset: Int
        /// The value.
        public var value: JSONValue
    }

    /// What a value is.
    public enum Content: Sendable {
        case object([Member])
        case array([JSONValue])
        case string(String)
        /// A number as it is written.
        case number(String)
        case bool(Bool)
        case null
    }

    /// What it is.
    public var content: Content
    /// Its bytes in the document.
    public var range: Range<Int>

    /// The byte at which it begins.
    public var offset: Int { range.lowerBound }

    /// The kind with its article, for a message.
    public var described: String {
        switch content {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .bool: "a boolean"
        case .null: "null"
        }
    }

    /// The value of a key, if this is an object that has it.
    public subscript(key key: String) -> JSONValue? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    /// The text, if this is a string.
    public var string: String? {
        if case .string(let text) = content { text } else { nil }
    }

    /// The elements, if this is an array.
    public var array: [JSONValue]? {
        if case .array(let elements) = content { elements } else { nil }
    }

    /// The members, if this is an object.
    public var members: [Member]? {
        if case .object(let members) = content { members } else { nil }
    }

    /// Whether it is `true`.
    public var isTrue: Bool {
        if case .bool(true) = content { true } else { false }
    }

    /// The whole number, if this is one that fits.
    public var integer: Int? {
        if case .number(let text) = content { Int(text) } else { nil }
    }
}
