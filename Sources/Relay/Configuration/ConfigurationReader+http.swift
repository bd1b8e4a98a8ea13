import Delivery
import EventJSON

/// Reads a target's `http`.
extension ConfigurationReader {
    func http(_ place: Place) -> TargetSettings.Kind? {
        var url: Template?
        var socket: String?
        var shown: ShownURL?
        var settings = HTTPTargetSettings(url: Template(literal: ""))
        object(
            place, required: ["url"],
            [
                (
                    "url",
                    { place in
                        (url, socket) = self.url(place)
                        if url != nil { shown = self.pieces(place).map(ShownURL.init) }
                    }
                ),
                ("method", { settings.method = self.method($0) ?? settings.method }),
                ("headers", { settings.headers = self.headers($0) }),
                ("sign", { settings.signingKeys = self.signingKeys($0) }),
                ("aws", { settings.aws = self.aws($0) }),
                ("oauth2", { settings.oauth2 = self.oauth2($0) }),
                ("tls", { self.tls($0, &settings.connection) }),
                ("proxy", { settings.connection.proxy = self.proxy($0) }),
                ("http2", { settings.connection.http2 = self.bool($0) ?? false }),
                ("deny", { settings.connection.guardedAddresses.denied = self.addressBlocks($0) }),
                ("allow", { settings.connection.guardedAddresses.allowed = self.addressBlocks($0) }),
            ])
        guard let url else { return nil }
        settings.url = url
        settings.connection.socket = socket
        if let shown, let text = socket == nil ? shown.text : shown.requestText {
            settings.shown = (try? Template(parsing: text)) ?? Template(literal: text)
            settings.secrets = shown.secrets
        }
        checkTogether(settings, place)
        return .http(settings)
    }

    /// What each key allows and the others make impossible.
    private func checkTogether(_ settings: HTTPTargetSettings, _ place: Place) {
        func fault(_ key: String, _ message: String, hint: String) {
            let member = place.value.members?.first { $0.key == key }
            error(message, at: member?.keyOffset ?? place.value.offset, "\(place.path).\(key)", hint: hint)
        }
        let isTLS = settings.url.source.lowercased().hasPrefix("https:")
        if settings.connection.http2 && !isTLS {
            fault("http2", "HTTP/2 is spoken over TLS only", hint: "give an https:// URL, or leave `http2` out")
        }
        if !isTLS && place.value.members?.contains(where: { $0.key == "tls" }) == true {
            fault("tls", "there is no TLS with this URL", hint: "give an https:// URL, or leave `tls` out")
        }
        if settings.connection.socket != nil && settings.connection.proxy != nil {
            fault("proxy", "a socket is not reached by a proxy", hint: "leave `proxy` out")
        }
        let signers = ["aws", "oauth2"].filter { key in place.value.members?.contains { $0.key == key } == true }
        let hasAuthorization = settings.headers.contains { $0.name == "authorization" }
        if let signer = signers.first, hasAuthorization || signers.count > 1 {
            fault(
                signer, "`\(signer)` writes the header `authorization`, and so does something else here",
                hint: "one of `aws`, `oauth2` and `headers.authorization`")
        }
    }

    /// A URL with the scheme that tells what it is, or a socket's path and the path of the request: `unix:/run/app.sock:/hooks`.
    private func url(_ place: Place) -> (url: Template?, socket: String?) {
        guard let template = template(place) else { return (nil, nil) }
        for prefix in ["unix:", "http://unix:"] where template.source.hasPrefix(prefix) {
            return socketURL(template, prefix, place)
        }
        return (webURL(place, ["http", "https"]), nil)
    }

    private func socketURL(_ template: Template, _ prefix: String, _ place: Place) -> (url: Template?, socket: String?)
    {
        let socket = template.source.dropFirst(prefix.count).prefix { $0 != ":" }
        let start = prefix + socket
        let isAlone = template.source == start && template.isConstant
        // The kernel's limit (unix(7)), its last byte being a NUL.
        guard socket.hasPrefix("/"), socket.utf8.count < 108,
            let url = isAlone
                ? Template(literal: "http://localhost/")
                : template.replacing(start: start + ":", by: "http://localhost"),
            url.source.dropFirst("http://localhost".count).hasPrefix("/")
        else {
            error(
                "\"\((place.value.string ?? "").prefix(80))\" is no socket to send to", at: place.value.offset,
                place.path,
                hint:
                    "write unix:, the socket's absolute path (at most 107 bytes), a colon and the path of the request: "
                    + "unix:/run/app.sock:/hooks")
            return (nil, nil)
        }
        return (url, String(socket))
    }

    /// A URL of one of these schemes, placeholders in path and query alone.
    func webURL(_ place: Place, _ schemes: [String]) -> Template? {
        guard let template = template(place) else { return nil }
        let text = template.source
        guard let scheme = text.firstRange(of: "://"), schemes.contains(text[..<scheme.lowerBound].lowercased())
        else {
            error(
                "\"\(EndpointURL.withoutCredentials(String((place.value.string ?? "").prefix(80))))\" is no URL to send to",
                at: place.value.offset, place.path,
                hint: "URLs begin with \(schemes.map { $0 + "://" }.joined(separator: " or "))")
            return nil
        }
        do throws(TemplateError) { try template.checkURL() } catch {
            self.error(error.message, at: place.value.offset, place.path)
            return nil
        }
        let authority = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let isFit =
            !host.isEmpty && host.first != ":" && !host.contains { "${}".contains($0) }
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
        let portIsFit: Bool
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            portIsFit = UInt16(host[host.index(after: colon)...]) != nil
        } else {
            portIsFit = true
        }
        guard isFit, portIsFit else {
            error("the URL has no host, a port that is none, or a space", at: place.value.offset, place.path)
            return nil
        }
        return template
    }

    private func method(_ place: Place) -> String? {
        guard let text = string(place) else { return nil }
        let known = ["POST", "PUT", "PATCH", "GET", "DELETE"]
        guard known.contains(text) else {
            error(
                "\"\(text)\" is no method to send an event with", at: place.value.offset, place.path,
                hint: "accepted are \(known.joined(separator: ", "))")
            return nil
        }
        return text
    }

    func headers(_ place: Place) -> [(name: String, value: Template)] {
        guard let members = place.value.members else {
            error("must be an object, not \(place.value.described)", at: place.value.offset, place.path)
            return []
        }
        let token = "!#$%&'*+-.^_`|~"
        let framing = [
            "content-length", "transfer-encoding", "connection", "host", "expect", "upgrade", "te", "trailer",
        ]
        return members.compactMap { member in
            let inner = Place(value: member.value, path: "\(place.path).\(member.key)")
            let isName =
                !member.key.isEmpty
                && member.key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || token.contains($0)) }
            if !isName {
                error("\"\(member.key)\" can't name a header", at: member.keyOffset, inner.path)
                return nil
            }
            if framing.contains(member.key.lowercased()) {
                error("the header `\(member.key)` is written by the relay itself", at: member.keyOffset, inner.path)
                return nil
            }
            guard let value = template(inner) else { return nil }
            if value.source.unicodeScalars.contains(where: { ($0.value < 0x20 && $0.value != 9) || $0.value == 0x7F }) {
                error("a header's value can't hold a control character", at: member.value.offset, inner.path)
                return nil
            }
            return (member.key.lowercased(), value)
        }
    }

    private func signingKeys(_ place: Place) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        object(
            place, required: ["secret"],
            [
                (
                    "secret",
                    { place in
                        for secret in self.strings(place) {
                            if let key = WebhookSecret.decode(secret.text) {
                                keys.append(key)
                            } else {
                                self.error(
                                    "this is no Standard Webhooks secret", at: secret.place.value.offset,
                                    secret.place.path,
                                    hint: "it is written whsec_ and 24 to 64 bytes in base64")
                            }
                        }
                    }
                )
            ])
        return keys
    }
}
