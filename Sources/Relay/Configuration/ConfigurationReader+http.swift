import Delivery
import EventJSON

/// Reads a target's `http`.
extension ConfigurationReader {
    /// Keys of an http target whose feature comes with a later version.
    static let laterHTTPKeys = ["aws", "tls", "proxy", "http2", "oauth2", "deny"]

    func http(_ place: Place) -> TargetSettings.Kind? {
        var url: Template?
        var method: String?
        var headers: [(name: String, value: Template)] = []
        var keys: [[UInt8]] = []
        object(
            place, required: ["url"], later: ConfigurationReader.laterHTTPKeys,
            [
                ("url", { url = self.url($0) }),
                ("method", { method = self.method($0) }),
                ("headers", { headers = self.headers($0) }),
                ("sign", { keys = self.signingKeys($0) }),
            ])
        guard let url else { return nil }
        var settings = HTTPTargetSettings(url: url)
        settings.method = method ?? settings.method
        settings.headers = headers
        settings.signingKeys = keys
        return .http(settings)
    }

    private func url(_ place: Place) -> Template? {
        guard let template = template(place) else { return nil }
        let text = template.source
        guard let scheme = text.firstRange(of: "://"),
            ["http", "https"].contains(text[..<scheme.lowerBound].lowercased())
        else {
            error(
                "\"\(text.prefix(80))\" is no URL to send to", at: place.value.offset, place.path,
                hint: "URLs begin with http:// or https://")
            return nil
        }
        do throws(TemplateError) { try template.checkURL() } catch {
            self.error(error.message, at: place.value.offset, place.path)
            return nil
        }
        let authority = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let isFit =
            !host.isEmpty && host.first != ":" && text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
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

    private func headers(_ place: Place) -> [(name: String, value: Template)] {
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
