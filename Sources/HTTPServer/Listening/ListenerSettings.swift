/// A listener: where it is, and how its clients are received. An element of `listen` in `routes.json`.
public struct ListenerSettings: Hashable, Sendable {
    /// The user and group that a Unix socket belongs to; those of the process where they are not given.
    public struct Owner: Hashable, Sendable {
        /// The user's number.
        public var user: UInt32?
        /// The group's number.
        public var group: UInt32?

        /// An owner.
        public init(user: UInt32?, group: UInt32?) {
            self.user = user
            self.group = group
        }
    }

    /// Where it listens.
    public var address: ListenAddress
    /// Whom a Unix socket belongs to.
    public var owner: Owner?
    /// Whether each connection begins with a PROXY header, version 1 or 2, that says who the client is. One without it is closed.
    public var readsProxyHeader = false

    /// Whether its clients speak TLS.
    public var speaksTLS = false

    /// A plain listener.
    public init(_ address: ListenAddress) { self.address = address }
}
