/// A rendered URL taken apart, as the request line and the `host` field have it.
public struct EndpointURL {
    /// Host and port; the port left out where it is the scheme's own.
    let host: String
    /// From the first `/`, which is there also where the URL has none.
    let path: [UInt8]
    /// Behind `?`, without it.
    let query: [UInt8]

    init(_ url: [UInt8]) {
        let scheme = url.firstRange(of: Array("://".utf8))
        let isTLS = url.first.map { $0 | 0x20 } == UInt8(ascii: "h") && scheme?.lowerBound == 5
        let rest = url[(scheme?.upperBound ?? 0)...].prefix { $0 != UInt8(ascii: "#") }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        let at = authority.lastIndex(of: UInt8(ascii: "@")).map { $0 + 1 } ?? authority.startIndex
        var host = String(decoding: authority[at...], as: UTF8.self).lowercased()
        if host.hasSuffix(isTLS ? ":443" : ":80") { host.removeLast(isTLS ? 4 : 3) }
        self.host = host
        let target = rest[authority.endIndex...]
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        self.path = path.isEmpty ? [UInt8(ascii: "/")] : Array(path)
        query = Array(target[path.endIndex...].dropFirst())
    }

    /// A URL without `user:password@`, which no record is to show.
    public static func withoutCredentials(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@") else { return url }
        return url[..<scheme.upperBound] + String(url[url.index(after: at)...])
    }
}
