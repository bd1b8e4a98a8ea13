/// Where a value stands in an event: the keys from the root, `event.event_source.channel` as three of them.
public struct EventPath: Hashable, Sendable, CustomStringConvertible {
    /// The keys from the root inwards. An array on the way is passed through.
    public let keys: [String]

    /// A path by its keys.
    public init(keys: [String]) {
        self.keys = keys
    }

    /// A path as people write it, its keys joined by dots.
    public init(_ dotted: String) {
        keys = dotted.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }

    /// The keys joined by dots.
    public var description: String { keys.joined(separator: ".") }
}
