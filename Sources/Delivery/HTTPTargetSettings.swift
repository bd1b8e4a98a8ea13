import EventJSON

/// An HTTP endpoint: `targets.*.http`.
public struct HTTPTargetSettings: Sendable {
    /// The endpoint; placeholders stand in path and query alone.
    public var url: Template
    /// The method.
    public var method = "POST"
    /// Headers beside the relay's own.
    public var headers: [(name: String, value: Template)] = []
    /// Keys of a Standard Webhooks signature, decoded; empty for none.
    public var signingKeys: [[UInt8]] = []

    /// An endpoint.
    public init(url: Template) {
        self.url = url
    }
}
