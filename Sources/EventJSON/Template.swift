/// A text with placeholders: `${data.voucher.code}`, `${path:default}`, `${@event}`.
public struct Template: Sendable {
    /// The text as written.
    public let source: String
}

/// A JSON value whose strings are templates: `targets.*.body`. A string that is one placeholder alone becomes the value itself.
public struct JSONTemplate: Sendable {}
