/// One thing that a new configuration has otherwise than the one before it.
public struct ConfigurationChange: Sendable, Equatable, CustomStringConvertible {
    /// What became of it.
    public enum Kind: String, Sendable {
        case added, removed, changed
    }

    /// What became of it.
    public var kind: Kind
    /// What it is: `source`, `target`, `route`, or a `key` of the file itself.
    public var noun: String
    /// Its name.
    public var name: String
    /// The keys of it that are otherwise, where that is known.
    public var keys: [String] = []

    /// `target crm changed (retry, timeout)`.
    public var description: String {
        "\(noun) \(name) \(kind.rawValue)" + (keys.isEmpty ? "" : " (\(keys.joined(separator: ", ")))")
    }
}
