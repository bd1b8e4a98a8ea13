import Delivery

/// How a source's sender is authenticated. `sources.*.verify` in `routes.json`.
public struct VerifySettings: Sendable {
    /// The ways that there are.
    public enum Scheme: Sendable {
        /// `x-voucherify-signature`: hex HMAC-SHA256 over the body without white space outside strings.
        case voucherify
        /// Any other.
        case signature(SignatureScheme)
    }

    /// The scheme's name, as `verify.scheme` has it.
    public var name: String
    /// The way.
    public var scheme: Scheme
    /// The secrets; several while they rotate.
    public var secrets: [String]

    /// The headers that carry a secret itself.
    var secretHeaders: [String] {
        if case .signature(let scheme) = scheme, scheme.algorithm == .none { [scheme.header] } else { [] }
    }

    /// For how long a request can be sent again, signature and all, at the longest: its time may be as much ahead as behind.
    var repeatable: Duration {
        guard case .signature(let scheme) = scheme else { return .zero }
        return scheme.tolerance * 2 + .seconds(1)
    }

    /// The headers that take part in the proof: they go on to the targets.
    var headers: [String] {
        switch scheme {
        case .voucherify: ["\(Verifier.voucherifyHeader)"]
        case .signature(let scheme): scheme.headers
        }
    }
}

/// A Standard Webhooks secret: `whsec_` and 24 to 64 bytes in base64.
enum WebhookSecret {
    static func decode(_ text: String) -> [UInt8]? {
        guard text.hasPrefix("whsec_"), let key = Base64.decode(text.dropFirst(6)), (24...64).contains(key.count) else {
            return nil
        }
        return key
    }
}
