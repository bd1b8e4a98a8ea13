/// What a JSON value is.
public enum ValueKind: UInt8, Sendable {
    case object, array, string, number, `true`, `false`, null
}

/// Which paths of an event somebody wants to know: the union of what rules, columns and templates mention.
public struct PathSet: Sendable {
    /// The paths, each at its index.
    public private(set) var paths: [EventPath] = []
    private var indices: [EventPath: Int] = [:]

    /// An empty set.
    public init() {}

    /// Adds a path, unless it is there; answers its index.
    public mutating func insert(_ path: EventPath) -> Int {
        if let index = indices[path] { return index }
        indices[path] = paths.count
        paths.append(path)
        return paths.count - 1
    }
}

/// A value found at a wanted path: what it is and where its bytes stand in the body.
public struct FoundValue: Sendable {
    /// What it is.
    public var kind: ValueKind
    /// The bytes in the body, a string's without its quotes.
    public var range: Range<Int>
    /// Whether a string has escapes, so that its bytes are not its text.
    public var hasEscapes: Bool
}

/// What is wrong with a text that should be JSON, and at which byte.
public struct JSONSyntaxError: Error, Equatable, Sendable {
    /// The fault, as a sentence without a full stop.
    public var message: String
    /// The byte at which it was seen, from 0.
    public var offset: Int

    /// A fault at a byte.
    public init(_ message: String, at offset: Int) {
        self.message = message
        self.offset = offset
    }
}
