/// Where a template's placeholders get their values: one event on its way to one target.
public protocol TemplateValues {
    /// The value at a path of the body; `nil` if there is none.
    func value(at path: EventPath) -> TemplateValue?
    /// A value of the relay's own.
    func value(of variable: RelayVariable) -> String
}

/// A value as templates need it.
public enum TemplateValue: Sendable, Hashable {
    /// A string's text in UTF-8, escapes decoded.
    case text([UInt8])
    /// Anything else: its JSON.
    case json([UInt8])

    /// What stands inside a text: a string bare, anything else as JSON.
    public var inText: [UInt8] {
        switch self {
        case .text(let bytes), .json(let bytes): bytes
        }
    }
}

/// What the relay itself knows of a delivery: `${@event}` and the like.
public enum RelayVariable: String, CaseIterable, Sendable {
    case event, source, route, target
    case receivedAt = "received_at"
    case attempt
    /// The event's body as text.
    case body

    /// Whether its value is a number where JSON asks for a value.
    public var isNumber: Bool { self == .event || self == .attempt }
}
