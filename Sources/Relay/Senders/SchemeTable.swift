import EventJSON

/// The senders known by name: what each signs and how, written as a user writes it in `routes.json` for `hmac`.
///
/// A source that names one of them may set any of its keys anew. Sources of the data: each vendor's documentation of its
/// webhooks, and standardwebhooks.com.
enum SchemeTable {
    /// The table. `algorithm: none` stands for a secret that is sent itself.
    static let text = """
        {
          "standard-webhooks": {
            "header": "webhook-signature", "separator": " ", "prefix": "v1,", "encoding": "base64", "key": "whsec",
            "signed": "${@headers.webhook-id}.${@headers.webhook-timestamp}.${@body}",
            "timestamp": "webhook-timestamp", "id": "webhook-id"
          },
          "github": { "header": "x-hub-signature-256", "prefix": "sha256=" },
          "gitlab": { "header": "x-gitlab-token", "algorithm": "none" },
          "stripe": {
            "header": "stripe-signature", "separator": ",", "prefix": "v1=",
            "signed": "${@part.t}.${@body}", "timestamp": "${@part.t}"
          },
          "shopify": { "header": "x-shopify-hmac-sha256", "encoding": "base64" },
          "slack": {
            "header": "x-slack-signature", "prefix": "v0=",
            "signed": "v0:${@headers.x-slack-request-timestamp}:${@body}", "timestamp": "x-slack-request-timestamp"
          },
          "linear": { "header": "linear-signature", "timestamp": "${webhookTimestamp}", "tolerance": "1m" },
          "paddle": {
            "header": "paddle-signature", "separator": ";", "prefix": "h1=",
            "signed": "${@part.ts}:${@body}", "timestamp": "${@part.ts}"
          },
          "pagerduty": { "header": "x-pagerduty-signature", "separator": ",", "prefix": "v1=" },
          "twilio": {
            "header": "x-twilio-signature", "algorithm": "sha1", "encoding": "base64",
            "signed": "${@url}${@form}", "body_hash": "bodySHA256"
          },
          "zoom": {
            "header": "x-zm-signature", "prefix": "v0=",
            "signed": "v0:${@headers.x-zm-request-timestamp}:${@body}", "timestamp": "x-zm-request-timestamp"
          },
          "bearer": { "header": "authorization", "algorithm": "none", "prefix": "Bearer " },
          "basic": { "header": "authorization", "algorithm": "none", "prefix": "Basic ", "encoding": "base64" }
        }
        """

    /// The table read. Empty only if the text above is no JSON, which a test would find.
    private static let entries: [JSONValue.Member] = {
        do throws(JSONSyntaxError) { return try JSONDocument(Array(text.utf8)).root.members ?? [] } catch { return [] }
    }()

    /// All schemes that `verify` may name, in the documentation's order.
    static let names = ["voucherify", "hmac"] + entries.map(\.key)

    /// What the table says of a sender.
    static func entry(_ name: String) -> JSONValue? { entries.first { $0.key == name }?.value }
}
