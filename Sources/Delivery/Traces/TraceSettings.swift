/// Where spans go: `otlp` in `routes.json`.
public struct TraceSettings: Sendable, Equatable {
    /// The path of the requests that bring spans, below the endpoint (OTLP, "OTLP/HTTP Request").
    static let path = "/v1/traces"

    /// The collector's URL, with or without `/v1/traces`.
    public var endpoint: String
    /// What the collector wants to see: mostly a key.
    public var headers: [EventAttributes.Header]

    /// A collector.
    public init(endpoint: String, headers: [EventAttributes.Header] = []) {
        self.endpoint = endpoint
        self.headers = headers
    }

    /// The URL that spans are posted to.
    var url: String {
        let base = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        return base.hasSuffix(TraceSettings.path) ? base : base + TraceSettings.path
    }
}
