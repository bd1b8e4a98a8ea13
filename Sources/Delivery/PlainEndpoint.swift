/// An endpoint that is spoken to without TLS and without a proxy.
///
/// Unchecked: `pool` belongs to the transfer loop's thread; the rest never changes.
final class PlainEndpoint: @unchecked Sendable {
    /// As the `host` field has it.
    let host: String
    /// The URL up to its path.
    let base: [UInt8]
    /// How it is connected to.
    let settings: ConnectionSettings
    /// Its connections, once a request has asked for one.
    var pool: PlainPool?

    /// The endpoint of URLs that begin like this one; `nil` if it takes more than sending bytes to it: TLS, a proxy,
    /// credentials, a name that is not as it stands on the wire.
    init?(_ url: String, _ settings: ConnectionSettings) {
        guard settings.proxy == nil, url.hasPrefix("http://") else { return nil }
        let authority = url.dropFirst(7).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let isFit = authority.utf8.allSatisfy { byte in
            switch byte {
            case 0x61...0x7A, 0x41...0x5A, 0x30...0x39: true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"): true
            default: false
            }
        }
        guard isFit, !authority.isEmpty else { return nil }
        base = Array("http://\(authority)".utf8)
        host = EndpointURL(base).host
        self.settings = settings
    }

    /// This endpoint, if a URL of it goes out as it stands: libcurl takes `/./` and `/../` out of a path, and fragments away.
    func reached(by url: [UInt8]) -> PlainEndpoint? {
        guard url.starts(with: base) else { return nil }
        var before: UInt8 = 0
        for byte in url[base.count...] {
            if byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: "#") { return nil }
            if before == 0 && byte != UInt8(ascii: "/") { return nil }
            if before == UInt8(ascii: "/") && byte == UInt8(ascii: ".") { return nil }
            before = byte
        }
        return self
    }
}
