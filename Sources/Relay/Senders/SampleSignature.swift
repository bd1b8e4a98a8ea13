import CPlatform
import EventJSON
import Platform

extension SourceConfiguration {
    /// A request as a sender sends it who knows this source's secret.
    public struct SignedSample {
        /// The headers by which it proves itself.
        public var headers: [(name: String, value: String)] = []
        /// What the URL's query must be; empty for none.
        public var query = ""
    }

    /// The headers by which a sender that knows this source's secret signs a body.
    public func signatureHeaders(for body: [UInt8], now milliseconds: Int64) -> [(name: String, value: String)] {
        sign(body, now: milliseconds).headers
    }

    /// What `hookswitch send` adds to a body, sent to this host (as in the `Host` header).
    public func sign(_ body: [UInt8], now milliseconds: Int64, host: String = "localhost") -> SignedSample {
        guard let verify, let secret = verify.secrets.first else { return SignedSample() }
        switch verify.scheme {
        case .voucherify:
            guard let key = HMAC(key: secret.utf8) else { return SignedSample() }
            body.withUnsafeBytes { Verifier.updateCompact(key, $0) }
            return SignedSample(headers: [("\(Verifier.voucherifyHeader)", Hex.encode(key.finish()))])
        case .signature(let scheme):
            if scheme.algorithm == .none {
                return SignedSample(headers: [(scheme.header, scheme.prefix + scheme.encode(Array(secret.utf8)))])
            }
            return SampleSigner(scheme, isForm: self.body == .form, now: milliseconds, url: "https://\(host)\(path)")
                .sign(body, secret)
        }
    }

    /// The `content-type` of what this source takes.
    public var sampleType: String { body == .form ? FormBody.mediaType : "application/json" }

    /// Where the body itself must say when it was sent, in milliseconds; `nil` for most senders.
    public var timestampPath: EventPath? {
        guard case .signature(let scheme)? = verify?.scheme else { return nil }
        return scheme.timestamp?.paths.first
    }
}

/// Makes the headers of a `SignatureScheme`: the other side of `SignatureCheck`.
private struct SampleSigner {
    let scheme: SignatureScheme
    let isForm: Bool
    let seconds: String
    let url: String
    /// The headers that are signed too: the moment, and a name for the message.
    private var headers: [(name: String, value: String)] = []

    init(_ scheme: SignatureScheme, isForm: Bool, now milliseconds: Int64, url: String) {
        self.scheme = scheme
        self.isForm = isForm
        seconds = String(milliseconds / 1000)
        self.url = scheme.url ?? url
        for name in scheme.headers.dropFirst() {
            var ids = WebhookIDs()
            let isMoment = scheme.timestamp?.headers.contains(name) == true
            headers.append((name, isMoment ? seconds : ids.next { String(decoding: $0, as: UTF8.self) }))
        }
    }

    func sign(_ body: [UInt8], _ secret: String) -> SourceConfiguration.SignedSample {
        let query =
            scheme.bodyHash.map { isForm ? "" : "\($0)=\(Hex.encode(body.withUnsafeBytes(SHA256.hash)))" } ?? ""
        var message: [UInt8] = []
        for part in scheme.signed.parts { message += bytes(of: part, body, query) }
        let signature = HMAC.sign(key: scheme.keyBytes(secret) ?? [], message, scheme.algorithm)
        var parts = scheme.signed.parts.compactMap {
            if case .part(let name) = $0 { "\(name)=\(seconds)" } else { nil }
        }
        parts.append(scheme.prefix + scheme.encode(signature))
        let value = parts.joined(separator: scheme.separator.map(String.init) ?? "")
        return .init(headers: headers + [(scheme.header, value)], query: query)
    }

    private func bytes(of part: SignedText.Part, _ body: [UInt8], _ query: String) -> [UInt8] {
        switch part {
        case .text(let text): return Array(text.utf8)
        case .body: return body
        case .header(let name): return Array((headers.first { $0.name == name }?.value ?? "").utf8)
        case .part: return Array(seconds.utf8)
        case .url: return Array((query.isEmpty ? url : "\(url)?\(query)").utf8)
        case .form: return isForm ? body.withUnsafeBytes(FormBody.sortedFields) : []
        case .value(let path):
            var paths = PathSet()
            let index = paths.insert(path)
            var scanner = EventScanner(paths)
            return body.withUnsafeBytes { bytes in
                do throws(JSONSyntaxError) { try scanner.scan(bytes) } catch { return [] }
                return scanner.first(index).map { Array(bytes[$0.range]) } ?? []
            }
        }
    }
}
