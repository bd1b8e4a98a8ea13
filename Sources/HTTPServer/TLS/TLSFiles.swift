/// Where a certificate and what belongs to it are. An element of `tls` in `routes.json`.
public struct TLSFiles: Hashable, Sendable {
    /// The certificate and those that it rests on, in PEM.
    public var certificate: String
    /// Its private key, in PEM, without a passphrase.
    public var key: String
    /// The authorities whose clients alone may connect, in PEM; `nil` for all clients.
    public var clientAuthorities: String?

    /// Paths.
    public init(certificate: String, key: String, clientAuthorities: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.clientAuthorities = clientAuthorities
    }
}

/// Why a certificate can't be served.
public struct TLSFault: Error, Sendable {
    /// What is at fault.
    public enum Part: Sendable {
        case certificate, key, clientAuthorities, memory
    }

    /// What is at fault.
    public var part: Part
    /// What is wrong with it.
    public var message: String
    /// What to do.
    public var hint: String
}
