/// A target whose events with the same key go one after another, as a log is told that sees to it itself.
public struct KeptOrder: Sendable {
    /// The target's name.
    public var target: String
    /// A hash of the key that an event's body has: the same in every process, and for all events without one.
    public var hash: @Sendable (UnsafeRawBufferPointer) -> UInt64

    /// The order of a target.
    public init(target: String, hash: @escaping @Sendable (UnsafeRawBufferPointer) -> UInt64) {
        self.target = target
        self.hash = hash
    }
}

extension Spool {
    /// Who is handed deliveries sees to the order: there is one only.
    public var keepsOrder: Bool { false }

    /// One process has it at a time.
    public var words: (any SharedWords)? { nil }

    /// Nothing is left to do.
    public func keepOrder(of targets: [KeptOrder]) {}
}
