/// How an endpoint is connected to: `http.tls`, `http.proxy`, `http.http2`, `http.deny`, `http.allow`, and the socket of a
/// `unix:` URL.
public struct ConnectionSettings: Sendable, Equatable {
    /// A client certificate in PEM, by its absolute path.
    public var certificate: String?
    /// Its key in PEM, by its absolute path.
    public var key: String?
    /// The authorities that are trusted instead of the system's, in PEM, by an absolute path.
    public var authorities: String?
    /// The only public keys that are accepted: `sha256//` and base64. Empty for any that the authorities vouch for.
    public var pins: [String] = []
    /// The proxy's URL; `nil` for a direct connection.
    public var proxy: String?
    /// The socket's absolute path; `nil` for TCP.
    public var socket: String?
    /// Whether HTTP/2 is spoken with an endpoint that offers it.
    public var http2 = false
    /// Which addresses are not connected to.
    public var guardedAddresses = AddressGuard()

    /// A plain, direct connection with HTTP/1.1.
    public init() {}
}

/// Connection settings as requests share them: libcurl's handle is set up anew only when they differ from its last request's.
final class ConnectionProfile: Sendable {
    let settings: ConnectionSettings

    init(_ settings: ConnectionSettings) {
        self.settings = settings
    }
}
