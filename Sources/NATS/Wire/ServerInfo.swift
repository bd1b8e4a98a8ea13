import EventJSON

/// What a server says of itself (`INFO`).
public struct ServerInfo: Sendable, Equatable {
    /// Its name.
    public var name = ""
    /// Its version, as `2.15.1`.
    public var version = ""
    /// Whether headers may be sent.
    public var hasHeaders = false
    /// The longest message that it takes, headers included.
    public var payloadLimitBytes = 1 << 20
    /// Whether it goes on by TLS only.
    public var requiresTLS = false
    /// What must be signed with an NKEY.
    public var nonce: String?
    /// Other servers of the cluster, as `host:port`.
    public var others: [String] = []
    /// Whether it is one of a cluster.
    public var isClustered = false
    /// Whether it is about to leave, and wants its clients to go elsewhere.
    public var isLameDuck = false

    /// Reads an `INFO`'s JSON; `nil` if it is none.
    public init?(_ json: [UInt8]) {
        guard let root = try? JSONDocument(json).root, root.members != nil else { return nil }
        func flag(_ key: String) -> Bool { if case .bool(true)? = root[key: key]?.content { true } else { false } }
        name = root[key: "server_name"]?.string ?? ""
        version = root[key: "version"]?.string ?? ""
        hasHeaders = flag("headers")
        payloadLimitBytes = root[key: "max_payload"]?.integer ?? payloadLimitBytes
        requiresTLS = flag("tls_required")
        nonce = root[key: "nonce"]?.string
        others = root[key: "connect_urls"]?.array?.compactMap(\.string) ?? []
        isClustered = root[key: "cluster"]?.string != nil
        isLameDuck = flag("ldm")
    }

    /// How many servers there are, itself too; `nil` if it names none of the others.
    public var brokersKnown: Int? { isClustered ? (others.isEmpty ? nil : others.count) : 1 }

    /// Whether it is this version or a later one.
    public func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
        let parts = version.split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 }
        guard parts.count >= 2 else { return false }
        return parts[0] > major || parts[0] == major && parts[1] >= minor
    }
}
