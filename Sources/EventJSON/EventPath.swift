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

    /// Whether the keys have the same bytes, as they must have in a body. (`String` takes two spellings of an accented
    /// letter for one.)
    public static func == (one: EventPath, other: EventPath) -> Bool {
        one.keys.elementsEqual(other.keys) { $0.utf8.elementsEqual($1.utf8) }
    }

    /// Over the keys' bytes.
    public func hash(into hasher: inout Hasher) {
        for key in keys {
            var key = key
            key.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
            hasher.combine(UInt8.max)
        }
    }

    /// The keys joined by dots.
    public var description: String { keys.joined(separator: ".") }
}
