import EventJSON

/// `sources.*.verify`: a scheme by its name, with whatever is set anew for it.
extension ConfigurationReader {
    func verify(_ place: Place) -> VerifySettings? {
        // The scheme comes first, wherever it stands: the other keys change what it says.
        let name = place.value[key: "scheme"].flatMap {
            schemeName(Place(value: $0, path: "\(place.path).scheme"))
        }
        var secrets: [(text: String, place: Place)] = []
        let own: [(String, (Place) -> Void)] = [
            ("scheme", { _ in }),
            (
                "secret",
                { place in
                    secrets = self.strings(place)
                    if place.value.array?.isEmpty == true {
                        self.error("the list has no secret", at: place.value.offset, place.path)
                    }
                }
            ),
        ]
        if name == "voucherify" {
            object(place, required: ["scheme", "secret"], own)
            let areRight = secrets.map { checkSecret($0.text, $0.place) }.allSatisfy { $0 }
            guard areRight, !secrets.isEmpty else { return nil }
            return VerifySettings(name: "voucherify", scheme: .voucherify, secrets: secrets.map(\.text))
        }
        var scheme = SignatureScheme()
        if let name, let entry = SchemeTable.entry(name) {
            scheme = self.scheme(Place(value: entry, path: name), over: scheme)
        }
        scheme = self.scheme(
            place, over: scheme, required: ["scheme", "secret"] + (name == "hmac" ? ["header"] : []), beside: own)
        let areRight = secrets.map { checkSecret($0.text, $0.place, of: name, scheme) }.allSatisfy { $0 }
        guard let name, checkScheme(scheme, place), areRight, !secrets.isEmpty else { return nil }
        return VerifySettings(name: name, scheme: .signature(scheme), secrets: secrets.map(\.text))
    }

    private func schemeName(_ place: Place) -> String? {
        guard let text = string(place) else { return nil }
        if SchemeTable.names.contains(text) { return text }
        error(
            "there is no scheme \"\(text)\"", at: place.value.offset, place.path,
            hint: Spelling.nearest(to: text, in: SchemeTable.names).map { "did you mean \"\($0)\"?" }
                ?? "accepted are \(SchemeTable.names.joined(separator: ", "))")
        return nil
    }

    /// Reads the keys of a scheme, a table's or a user's, over what is known of it already.
    private func scheme(
        _ place: Place, over known: SignatureScheme, required: [String] = [],
        beside own: [(String, (Place) -> Void)] = []
    ) -> SignatureScheme {
        var scheme = known
        object(
            place, required: required,
            own + [
                ("header", { scheme.header = self.headerName($0) ?? scheme.header }),
                (
                    "algorithm",
                    { place in
                        guard let algorithm = self.choice(place, SignatureScheme.Algorithm.self) else { return }
                        // A secret that is sent itself is no bytes that need to be written in digits.
                        if algorithm == .none && scheme.algorithm != .none { scheme.encoding = .text }
                        scheme.algorithm = algorithm
                    }
                ),
                ("prefix", { scheme.prefix = self.string($0) ?? scheme.prefix }),
                (
                    "separator",
                    { place in
                        guard let text = self.string(place) else { return }
                        guard text.utf8.count == 1, text.first?.isASCII == true else {
                            return self.error(
                                "a separator is one character", at: place.value.offset, place.path, hint: "like \",\"")
                        }
                        scheme.separator = text.first
                    }
                ),
                ("signed", { scheme.signed = self.signedText($0) ?? scheme.signed }),
                (
                    "timestamp",
                    { place in
                        // A header's name alone is the same as its placeholder.
                        let isName = place.value.string?.contains("${") == false
                        if isName {
                            scheme.timestamp = self.headerName(place).map { SignedText(header: $0) }
                        } else {
                            scheme.timestamp = self.signedText(place)
                        }
                    }
                ),
                ("tolerance", { scheme.tolerance = self.duration($0, atLeast: .seconds(1)) ?? scheme.tolerance }),
                ("id", { scheme.id = self.headerName($0) }),
                ("key", { scheme.key = self.choice($0, SignatureScheme.KeyEncoding.self) ?? scheme.key }),
                ("body_hash", { scheme.bodyHash = self.string($0) }),
                ("url", { scheme.url = self.publicURL($0) }),
                ("encoding", { _ in }),
            ])
        // Behind the algorithm, wherever it stands: `none` has an encoding of its own.
        if let value = place.value[key: "encoding"] {
            let place = Place(value: value, path: "\(place.path).encoding")
            scheme.encoding = choice(place, SignatureScheme.Encoding.self) ?? scheme.encoding
        }
        return scheme
    }

    private func headerName(_ place: Place) -> String? {
        guard let text = string(place) else { return nil }
        guard !text.isEmpty, text.utf8.allSatisfy(\.isHeaderName) else {
            error("\"\(text)\" is no header's name", at: place.value.offset, place.path, hint: "like \"x-signature\"")
            return nil
        }
        return text.lowercased()
    }

    private func signedText(_ place: Place) -> SignedText? {
        guard let pieces = pieces(place) else { return nil }
        do throws(SignedText.Fault) {
            var texts: [SignedText] = []
            for piece in pieces {
                texts.append(
                    piece.isExternal ? SignedText(literal: piece.text) : try SignedText(parsing: piece.text))
            }
            return SignedText(joining: texts)
        } catch {
            self.error(error.message, at: place.value.offset, place.path, hint: error.hint)
            return nil
        }
    }

    private func publicURL(_ place: Place) -> String? {
        guard let text = string(place) else { return nil }
        guard text.hasPrefix("https://") || text.hasPrefix("http://"), !text.contains("?"), !text.contains("#") else {
            error(
                "\"\(text)\" is not the URL of a source", at: place.value.offset, place.path,
                hint: "write the URL that the sender was given, without its query: https://relay.example.com/twilio")
            return nil
        }
        return text
    }

    /// What can only be seen when a scheme's keys stand together. Answers whether nothing is wrong.
    private func checkScheme(_ scheme: SignatureScheme, _ place: Place) -> Bool {
        func fault(_ key: String, _ message: String, hint: String) -> Bool {
            let value = place.value[key: key] ?? place.value
            error(message, at: value.offset, "\(place.path).\(key)", hint: hint)
            return false
        }
        guard scheme.algorithm != .none else {
            return scheme.timestamp == nil
                || fault(
                    "timestamp", "a secret that is sent itself proves no time",
                    hint: "leave the key out, or name an `algorithm`")
        }
        if scheme.encoding == .text {
            return fault("encoding", "a signature is not written as text", hint: "accepted are \"hex\" and \"base64\"")
        }
        if !scheme.signed.coversAnyBody && !(scheme.signed.coversBody && scheme.bodyHash != nil) {
            return fault(
                "signed", "the body is not signed: anybody could change it", hint: "have ${@body} in it")
        }
        let parts = scheme.signed.parts + (scheme.timestamp?.parts ?? [])
        if scheme.separator == nil && parts.contains(where: { if case .part = $0 { true } else { false } }) {
            return fault(
                "signed", "${@part.…} needs a header that is a list", hint: "add \"separator\": \",\"")
        }
        return true
    }

    private func checkSecret(_ text: String, _ place: Place, of name: String? = nil, _ scheme: SignatureScheme? = nil)
        -> Bool
    {
        func fault(_ message: String, hint: String = "") -> Bool {
            error(message, at: place.value.offset, place.path, hint: hint)
            return false
        }
        if text.isEmpty { return fault("a secret can't be empty") }
        if name == "basic" && !text.contains(":") {
            return fault("this is no name and password", hint: "write \"name:password\"")
        }
        guard let scheme, scheme.keyBytes(text) == nil else { return true }
        switch scheme.key {
        case .whsec:
            return fault(
                "this is no Standard Webhooks secret", hint: "it is written whsec_ and 24 to 64 bytes in base64")
        case .hex: return fault("this secret is not hexadecimal", hint: "`key` says that it is")
        case .base64, .text: return fault("this secret is no base64", hint: "`key` says that it is")
        }
    }
}

extension UInt8 {
    /// Whether a header's name may hold this character (`tchar`, RFC 9110 §5.6.2).
    fileprivate var isHeaderName: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}
