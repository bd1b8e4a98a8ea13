import EventJSON

/// What a condition looks at: a place in the event's body, or something of the request that brought it.
public enum FieldKey: Hashable, Sendable, CustomStringConvertible {
    /// The values at a path of the body.
    case body(EventPath)
    /// The source's name: `@source`.
    case source
    /// The path of the request: `@path`.
    case path
    /// The values of a header, its name in lower case: `@headers.NAME`.
    case header(String)
    /// The values of a parameter of the query: `@query.NAME`.
    case query(String)
    /// The sender's address: `@client`.
    case client

    /// The key of a dotted path in a pattern; `nil` if it begins like one of the request's and is none.
    init?(dotted path: [String]) {
        switch path[0] {
        case "@source" where path.count == 1: self = .source
        case "@path" where path.count == 1: self = .path
        case "@client" where path.count == 1: self = .client
        case "@headers" where path.count > 1:
            let name = path.dropFirst().joined(separator: ".")
            guard name == name.lowercased(), !name.isEmpty else { return nil }
            self = .header(name)
        case "@query" where path.count > 1: self = .query(path.dropFirst().joined(separator: "."))
        case "@source", "@path", "@client", "@headers", "@query": return nil
        default: self = .body(EventPath(keys: path))
        }
    }

    /// As people write it.
    public var description: String {
        switch self {
        case .body(let path): path.description
        case .source: "@source"
        case .path: "@path"
        case .header(let name): "@headers.\(name)"
        case .query(let name): "@query.\(name)"
        case .client: "@client"
        }
    }

    /// The order of names, by their UTF-16 units as in event-ruler: what it depends on is whether a value is missing
    /// beside another in one array.
    func precedes(_ other: FieldKey) -> Bool {
        description.utf16.lexicographicallyPrecedes(other.description.utf16)
    }

    /// The path in the body, if it is one.
    public var bodyPath: EventPath? {
        if case .body(let path) = self { path } else { nil }
    }
}
