/// Where spans go: `otlp` in `routes.json`.
public struct TraceSettings: Sendable, Equatable {
    /// A header of every request to the collector.
    public struct Header: Sendable, Equatable {
        /// The name in lower case.
        public var name: String
        /// The value.
        public var value: String

        /// A header.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The path of the requests that bring spans, below the endpoint (OTLP, "OTLP/HTTP Request").
    static let path = "/v1/traces"

    /// The collector's URL, with or without `/v1/traces`.
    public var endpoint: String
    /// What the collector wants to see: mostly a key.
    public var headers: [Header]

    /// A collector.
    public init(endpoint: String, headers: [Header] = []) {
        self.endpoint = endpoint
        self.headers = headers
    }

    /// The URL that spans are posted to.
    var url: String {
        let base = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        return base.hasSuffix(TraceSettings.path) ? base : base + TraceSettings.path
    }
}
