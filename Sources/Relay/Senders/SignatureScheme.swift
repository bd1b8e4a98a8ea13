import Delivery

/// How a sender proves who it is: what `verify` says in `routes.json`, and what a preset of the table says for it.
///
/// ```
/// header:  prefix signature                     x-hub-signature-256: sha256=757107…
///          … separator prefix signature …       stripe-signature: t=1492774577,v1=5257a8…,v1=6ffbb5…
/// signature = encoding(HMAC(algorithm, key(secret), signed))
/// ```
public struct SignatureScheme: Sendable {
    /// What the signature is made with.
    public enum Algorithm: String, CaseIterable, Sendable {
        case sha256, sha1, sha512
        /// Nothing is signed: the header carries the secret itself.
        case none

        /// A signature's length in bytes.
        var size: Int {
            switch self {
            case .sha1: 20
            case .sha256: 32
            case .sha512: 64
            case .none: 0
            }
        }

        /// As people and libcrypto call it.
        var digestName: String { rawValue.uppercased() }
    }

    /// How bytes are written in the header. `text` is for a secret that is sent itself.
    public enum Encoding: String, CaseIterable, Sendable {
        case hex, base64, text
    }

    /// What the key is, of which `secret` is the text.
    public enum KeyEncoding: String, CaseIterable, Sendable {
        case text, hex, base64
        /// A Standard Webhooks secret: `whsec_` and base64.
        case whsec
    }

    /// The header with the signature, in lower case.
    public var header = ""
    /// What the signature is made with.
    public var algorithm = Algorithm.sha256
    /// How it is written.
    public var encoding = Encoding.hex
    /// What stands before it.
    public var prefix = ""
    /// What stands between the header's parts, where it is a list. Parts without the prefix are no signatures.
    public var separator: Character?
    /// What is signed.
    public var signed = SignedText.body
    /// Where the moment of sending stands, in seconds or milliseconds since 1970.
    public var timestamp: SignedText?
    /// How far that moment may be off, either way.
    public var tolerance: Duration = .seconds(300)
    /// The header that names a message: what tells its repetition.
    public var id: String?
    /// What the key is.
    public var key = KeyEncoding.text
    /// The query's parameter with the body's SHA-256 in hexadecimal: how a body that is no form is signed with the URL.
    public var bodyHash: String?
    /// The URL that the sender was given, where that is signed too. Without it, `https://`, the `Host` header and the path.
    public var url: String?

    /// The headers that take part, in lower case: they go on to the targets, so that these can check the signature again.
    var headers: [String] {
        var names = [header]
        for name in signed.headers + (timestamp?.headers ?? []) + (id.map { [$0] } ?? []) where !names.contains(name) {
            names.append(name)
        }
        return names
    }

    /// The signature in words, for a message: `HMAC-SHA256 in hexadecimal`.
    var described: String { "HMAC-\(algorithm.digestName) in \(encoding == .hex ? "hexadecimal" : "base64")" }

    /// The key that a secret stands for; `nil` if it is not written as one.
    func keyBytes(_ secret: String) -> [UInt8]? {
        switch key {
        case .text: Array(secret.utf8)
        case .hex: Hex.decode(Array(secret.utf8))
        case .base64: Base64.decode(secret)
        case .whsec: WebhookSecret.decode(secret)
        }
    }

    /// The bytes that a text in the header stands for; `nil` if it is not written as it should be.
    func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        switch encoding {
        case .hex: Hex.decode(text)
        case .base64: Base64.decode(String(decoding: text, as: UTF8.self))
        case .text: Array(text)
        }
    }

    /// Bytes as the header has them.
    func encode(_ bytes: [UInt8]) -> String {
        switch encoding {
        case .hex: Hex.encode(bytes)
        case .base64: Base64.encode(bytes)
        case .text: String(decoding: bytes, as: UTF8.self)
        }
    }
}
