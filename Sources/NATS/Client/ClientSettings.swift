/// How a client reaches its servers and who it is.
public struct ClientSettings: Sendable, Equatable {
    /// Who it is to them.
    public enum Identity: Sendable, Equatable {
        case nobody
        case user(String, password: String)
        case token(String)
        /// An NKEY's seed, as `SU…`.
        case seed(String)
        /// What a credentials file holds: a JWT and the seed that signs for it.
        case credentials(String)

        /// Why nobody can be this, as far as it can be told without a server; `nil` if nothing is wrong.
        public var fault: String? {
            do throws(NATSFault) { try Introduction.check(self) } catch { return error.reason }
            return nil
        }
    }

    /// TLS's files.
    public struct TLS: Sendable, Equatable {
        /// Those whose certificates are believed (PEM); `nil` for the system's.
        public var authority: String?
        /// What is shown to servers that ask for it (PEM), with its key.
        public var certificate: String?
        /// The certificate's key (PEM, without a passphrase).
        public var key: String?
        /// Whether TLS begins before the server's first word (`handshake_first` there).
        public var isFirst = false

        /// The system's authorities, no certificate.
        public init() {}
    }

    /// The servers, in the order of the configuration.
    public var servers: [ServerAddress]
    /// Who it is.
    public var identity = Identity.nobody
    /// TLS; `nil` if it is only used where a server wants it.
    public var tls: TLS?
    /// What it is called, for the servers' lists.
    public var name: String
    /// Which server is tried first: chance, so that clients spread.
    public var first = 0

    /// How long a connection may take to stand.
    static let connectMilliseconds: Int64 = 5_000
    /// How often the server is asked whether it is there.
    static let pingMilliseconds: Int64 = 3_000
    /// How many of these may be without an answer.
    static let unansweredPings = 2
    /// What may wait to be sent, in bytes: beyond it nothing more is taken.
    public static let outputLimitBytes = 64 << 20
    /// The longest message that is taken from a server, in bytes.
    public static let messageLimitBytes = 128 << 20

    /// A client of these servers.
    public init(servers: [ServerAddress], name: String) {
        self.servers = servers
        self.name = name
    }
}
