import Delivery

/// Texts of a configuration with what is secret in them blotted out.
enum SecretText {
    /// What stands in a secret's place.
    static let blot = HTTPTargetSettings.blot

    /// A text that is secret as a whole: its placeholders, which name a secret and don't hold it, stay to be seen, and so do
    /// the words that say how it is sent.
    static func blotted(_ text: String) -> String {
        pieces(text) { piece in
            for scheme in ["Bearer ", "Basic ", "whsec_"] where piece.hasPrefix(scheme) {
                return scheme + (piece.utf8.count > scheme.utf8.count ? blot : "")
            }
            return piece.isEmpty ? "" : blot
        }
    }

    /// A URL without its password and the values of its query.
    static func withoutCredentials(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        var rest = url[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let at = authority.lastIndex(of: "@") { rest = url[url.index(after: at)...] }
        let start = url[..<scheme.upperBound]
        guard let mark = rest.firstIndex(of: "?") else { return String(start + rest) }
        let query = rest.suffix(from: mark).dropFirst().split(separator: "&", omittingEmptySubsequences: false)
        let shown = query.map { pair -> String in
            let name = pair.prefix { $0 != "=" }
            return name.count == pair.count
                ? String(pair) : name + "=" + blotted(String(pair.dropFirst(name.count + 1)))
        }
        return String(start + rest[...mark]) + shown.joined(separator: "&")
    }

    /// Whether a key's values are secret.
    static func isSecret(_ key: String) -> Bool {
        let name = key.lowercased().filter { $0 != "_" && $0 != "-" }
        return [
            "secret", "token", "password", "passphrase", "authorization", "credential", "cookie", "accesskey", "apikey",
            "nkey",
        ]
        .contains { name.contains($0) }
    }

    /// A text with what stands outside of its placeholders changed.
    private static func pieces(_ text: String, _ change: (String) -> String) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
            result += change(String(rest[..<start.lowerBound])) + rest[start.lowerBound...end]
            rest = rest[rest.index(after: end)...]
        }
        return result + change(String(rest))
    }
}
