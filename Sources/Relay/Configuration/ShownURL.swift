import Delivery

/// A URL as it may be shown: scheme, host and what the file says of the path; never its credentials, and of what comes from
/// the environment or a file nothing behind the host. A webhook's address is often a secret as a whole.
struct ShownURL {
    /// The URL.
    let text: String
    /// What came from outside, by its pieces behind the host, the longest first, for texts that may repeat them.
    let secrets: [String]
    /// Shorter ones hide nothing and are found everywhere.
    static let shortestSecret = 4
    // Two that no URL holds.
    private static let start = Character("\u{1}")
    private static let end = Character("\u{2}")

    /// Of a text by its pieces.
    init(_ pieces: [ConfigurationReader.Piece]) {
        let marked = pieces.map { $0.isExternal ? "\(ShownURL.start)\($0.text)\(ShownURL.end)" : $0.text }.joined()
        var head = ""
        var rest = marked[...]
        if let scheme = marked.firstRange(of: "://") {
            let host = marked[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
            head = EndpointURL.withoutCredentials(String(marked[..<host.endIndex]))
            rest = marked[host.endIndex...]
        } else if let socket = marked.firstRange(of: "unix:") {
            let path = marked[socket.upperBound...].prefix { $0 != ":" }
            head = String(marked[..<path.endIndex])
            rest = marked[path.endIndex...]
        }
        // A piece that begins before the path is hidden from there on.
        let before = marked[..<rest.startIndex]
        var isInside = before.count { $0 == ShownURL.start } > before.count { $0 == ShownURL.end }
        var shown = ""
        var found: [String] = []
        var secret = ""
        func hide() {
            if !secret.isEmpty && secret != "/" {
                shown +=
                    secret.hasPrefix("/") && shown.isEmpty ? "/" + HTTPTargetSettings.blot : HTTPTargetSettings.blot
                found += secret.split { "/?&=#".contains($0) }.map(String.init)
            } else {
                shown += secret
            }
            secret = ""
        }
        for character in rest {
            switch character {
            case ShownURL.start: isInside = true
            case ShownURL.end:
                hide()
                isInside = false
            default:
                if isInside { secret.append(character) } else { shown.append(character) }
            }
        }
        hide()
        text = head.filter { $0 != ShownURL.start && $0 != ShownURL.end } + ShownURL.withoutNamedSecrets(shown)
        secrets = found.filter { $0.utf8.count >= ShownURL.shortestSecret }.sorted { $0.utf8.count > $1.utf8.count }
    }

    /// Of a socket's URL, that of the request which goes to it.
    var requestText: String? {
        guard let socket = text.firstRange(of: "unix:") else { return nil }
        let path = text[socket.upperBound...].drop { $0 != ":" }.dropFirst()
        return "http://localhost" + (path.isEmpty ? "/" : path)
    }

    /// A path and its query, without the values of parameters whose names say that they are secret. Placeholders stay.
    private static func withoutNamedSecrets(_ path: String) -> String {
        guard let mark = path.firstIndex(of: "?") else { return path }
        let pairs = path[path.index(after: mark)...].split(separator: "&", omittingEmptySubsequences: false)
        let shown = pairs.map { pair -> String in
            let name = pair.prefix { $0 != "=" }
            guard name.count < pair.count, SecretText.isSecret(String(name)) else { return String(pair) }
            return name + "=" + SecretText.blotted(String(pair.dropFirst(name.count + 1)))
        }
        return path[...mark] + shown.joined(separator: "&")
    }
}
