/// Where a server is: `nats://host:port`, `tls://host:port`, or without a scheme; the port is 4222 if there is none.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// The host's name or address.
    public var host: String
    /// The port.
    public var port: UInt16
    /// Whether it is `tls://`: then nothing goes in the clear.
    public var isTLS: Bool

    /// Reads an address; `nil` if it is none. Names and passwords have keys of their own, and make it none.
    public init?(_ text: String) {
        var rest = text[...]
        isTLS = rest.hasPrefix("tls://")
        if let scheme = rest.firstRange(of: "://") {
            guard ["nats", "tls"].contains(rest[..<scheme.lowerBound]) else { return nil }
            rest = rest[scheme.upperBound...]
        }
        if rest.hasSuffix("/") { rest.removeLast() }
        guard !rest.isEmpty, !rest.contains(where: { "@/?# ".contains($0) }) else { return nil }
        var digits: Substring?
        if rest.hasPrefix("[") {
            guard let bracket = rest.firstIndex(of: "]") else { return nil }
            host = String(rest[rest.index(after: rest.startIndex)..<bracket])
            let behind = rest[rest.index(after: bracket)...]
            guard behind.isEmpty || behind.hasPrefix(":") else { return nil }
            digits = behind.isEmpty ? nil : behind.dropFirst()
        } else {
            let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { return nil }
            host = String(parts[0])
            digits = parts.count == 2 ? parts[1] : nil
        }
        guard !host.isEmpty, let port = digits.map({ UInt16($0) }) ?? 4222, port > 0 else { return nil }
        self.port = port
    }

    /// As it is written, without a scheme.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
