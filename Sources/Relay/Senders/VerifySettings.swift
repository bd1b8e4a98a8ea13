import Delivery

/// How a source's sender is authenticated. `sources.*.verify` in `routes.json`.
public struct VerifySettings: Sendable {
    /// The ways that there are.
    public enum Scheme: String, CaseIterable, Sendable {
        /// `x-voucherify-signature`: hex HMAC-SHA256 over the body without white space outside strings.
        case voucherify
        /// `webhook-id`, `webhook-timestamp`, `webhook-signature` (standardwebhooks.com).
        case standardWebhooks = "standard-webhooks"
    }

    static let laterSchemes = [
        "hmac", "github", "gitlab", "stripe", "shopify", "slack", "linear", "paddle", "pagerduty", "twilio", "zoom",
        "bearer", "basic",
    ]

    /// The way.
    public var scheme: Scheme
    /// The secrets; several while they rotate.
    public var secrets: [String]
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
