/// Who a relay is to the others of its cluster.
public struct RelayIdentity: Sendable, Equatable {
    /// What tells it from all others, over restarts: hexadecimal digits.
    public var id: String
    /// What people call it: its host's name and its port.
    public var name: String

    /// A relay.
    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}
