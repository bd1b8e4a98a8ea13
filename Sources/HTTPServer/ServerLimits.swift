/// What a server takes from its clients at the most. `limits` in `routes.json`.
public struct ServerLimits: Sendable, Equatable {
    /// Request line and headers, in bytes.
    public var headerBytes = 16 << 10
    /// Headers of one request.
    public var headerCount = 100
    /// The request's target, in bytes; past it 414.
    public var targetBytes = 8 << 10
    /// Connections open at once.
    public var connections = 10_000
    /// Connections open at once from one address; `nil` for no limit.
    public var connectionsPerAddress: Int?
    /// Bytes held for requests over all connections; past it 503.
    public var memoryBytes = 256 << 20
    /// From the first byte of a request to the end of its headers.
    public var headerTimeout: Duration = .seconds(10)
    /// For the whole body.
    public var bodyTimeout: Duration = .seconds(30)
    /// What a body brings in a second on the average, at the least, in bytes…
    public var bodyRateBytesPerSecond = 32
    /// … once it has taken this long.
    public var bodyRateGrace: Duration = .seconds(10)
    /// Between two requests, and for a client to read its answer.
    public var idleTimeout: Duration = .seconds(75)

    /// The defaults.
    public init() {}
}
