import Synchronization

/// The identity in force: replaced by a reload; connections that are open keep theirs. May be used from any thread.
public final class CurrentIdentity: Sendable {
    private let identity: Mutex<TLSIdentity>

    /// Begins with one.
    public init(_ identity: TLSIdentity) { self.identity = Mutex(identity) }

    /// The one in force.
    public var current: TLSIdentity { identity.withLock { $0 } }

    /// Puts another one in force.
    public func replace(_ new: TLSIdentity) { identity.withLock { $0 = new } }
}
