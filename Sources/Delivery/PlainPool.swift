/// Connections that lead to one place in one way and that nobody uses now: targets share them, and they outlast a reload.
/// Belongs to the transfer loop's thread.
final class PlainPool {
    private let base: [UInt8]
    private let settings: ConnectionSettings
    /// Those that wait for the next request, the one that was used last at the end.
    var idle: [PlainConnection] = []

    init(of endpoint: PlainEndpoint) {
        base = endpoint.base
        settings = endpoint.settings
    }

    /// Whether its connections are fit for an endpoint.
    func serves(_ endpoint: PlainEndpoint) -> Bool { base == endpoint.base && settings == endpoint.settings }
}
