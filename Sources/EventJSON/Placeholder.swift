/// What a `${…}` in a template stands for.
public struct Placeholder: Hashable, Sendable {
    /// Where the value comes from.
    public enum Source: Hashable, Sendable {
        /// The event's body.
        case path(EventPath)
        /// The relay itself.
        case relay(RelayValue)
    }

    /// What the relay knows of a delivery: `${@event}` and so on.
    public enum RelayValue: String, CaseIterable, Sendable {
        case event, source, route, target
        case receivedAt = "received_at"
        case attempt
    }

    /// Where the value comes from.
    public var source: Source
    /// What stands in for a missing value.
    public var fallback: String?
}

/// What is wrong with a template, and where in its text.
public struct TemplateError: Error, Equatable, Sendable {
    /// The fault and what would be right.
    public var message: String
    /// The byte in the template's text.
    public var offset: Int
}

/// Where a rendered value goes: each place has its own way of making a value harmless.
public enum TemplateContext: Sendable {
    /// Anywhere: the value as it is.
    case text
    /// A URL's path or query: everything but unreserved characters is percent-encoded (RFC 3986 §2.3).
    case url
    /// A header's value: control characters are dropped, so that a value can't add a line.
    case header
    /// One component of a file's path: no separator, no NUL, not hidden, at most 100 bytes.
    case pathComponent
    /// An argument or an environment variable of a command: NUL can't stand in it, and is dropped.
    case argument
}

/// Answers what a placeholder stands for in one delivery.
public protocol PlaceholderValues {
    /// The value: a string bare, anything else as JSON; `nil` if the event has none.
    func value(of source: Placeholder.Source) -> String?
    /// The value as JSON; `nil` if the event has none.
    func json(of source: Placeholder.Source) -> [UInt8]?
}
