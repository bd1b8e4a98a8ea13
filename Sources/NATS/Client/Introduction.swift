import EventJSON

/// What a client says first (`CONNECT`): who it is and what it can do. Logic alone.
struct Introduction {
    /// The JSON to a server that said `info`.
    /// - Throws: `NATSFault` of the kind `ours` if the identity can't be used.
    static func json(_ settings: ClientSettings, to info: ServerInfo, isSecure: Bool) throws(NATSFault) -> [UInt8] {
        var writer = JSONWriter()
        var members: [(String, String)] = []
        switch settings.identity {
        case .nobody: break
        case .user(let user, let password): members = [("user", user), ("pass", password)]
        case .token(let token): members = [("auth_token", token)]
        case .seed(let seed):
            let key = try nkey(seed)
            guard let name = key.publicKey else { throw NATSFault(.ours, "libcrypto does not sign with Ed25519") }
            members = [("nkey", name), ("sig", try signature(by: key, of: info))]
        case .credentials(let text):
            let (jwt, key) = try credentials(text)
            members = [("jwt", jwt), ("sig", try signature(by: key, of: info))]
        }
        writer.object {
            $0.member("verbose", false)
            $0.member("pedantic", false)
            $0.member("tls_required", isSecure)
            $0.member("name", settings.name)
            $0.member("lang", "swift")
            $0.member("version", "1")
            $0.member("protocol", 1)
            $0.member("headers", true)
            $0.member("no_responders", true)
            for (name, value) in members { $0.member(name, value) }
        }
        return writer.bytes
    }

    /// - Throws: `NATSFault` of the kind `ours` if the identity can be used with no server.
    static func check(_ identity: ClientSettings.Identity) throws(NATSFault) {
        switch identity {
        case .nobody, .user, .token: break
        case .seed(let seed): _ = try nkey(seed)
        case .credentials(let text): _ = try credentials(text)
        }
    }

    private static func credentials(_ text: String) throws(NATSFault) -> (jwt: String, key: NKey) {
        guard let jwt = section("NATS USER JWT", of: text), let seed = section("USER NKEY SEED", of: text) else {
            throw NATSFault(.ours, "the credentials have no user's JWT and seed")
        }
        return (jwt, try nkey(seed))
    }

    private static func nkey(_ seed: String) throws(NATSFault) -> NKey {
        guard let key = NKey(seed: seed) else { throw NATSFault(.ours, "the seed is no user's NKEY seed (SU…)") }
        return key
    }

    private static func signature(by key: NKey, of info: ServerInfo) throws(NATSFault) -> String {
        guard let nonce = info.nonce else {
            throw NATSFault(.ours, "the server \(info.name) asks for no signature: it has no NKEYs or JWTs configured")
        }
        guard let signature = key.signature(of: nonce) else {
            throw NATSFault(.ours, "libcrypto does not sign with Ed25519")
        }
        return signature
    }

    /// What stands between `-----BEGIN name-----` and the next line of dashes.
    static func section(_ name: String, of text: String) -> String? {
        guard let begin = text.firstRange(of: "-----BEGIN \(name)-----") else { return nil }
        let rest = text[begin.upperBound...]
        guard let end = rest.firstRange(of: "---") else { return nil }
        let content = String(rest[..<end.lowerBound].filter { !$0.isWhitespace })
        return content.isEmpty ? nil : content
    }
}
