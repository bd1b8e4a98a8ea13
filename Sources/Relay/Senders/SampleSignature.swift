import CPlatform
import Delivery

extension SourceConfiguration {
    /// The headers by which a sender that knows this source's secret signs a body: what `hookswitch send` adds.
    public func signatureHeaders(for body: [UInt8], now milliseconds: Int64) -> [(name: String, value: String)] {
        guard let verify, let secret = verify.secrets.first else { return [] }
        switch verify.scheme {
        case .voucherify:
            guard let key = HMAC(key: secret.utf8) else { return [] }
            body.withUnsafeBytes { Verifier.updateCompact(key, $0) }
            return [("\(Verifier.voucherifyHeader)", Hex.encode(key.finish()))]
        case .standardWebhooks:
            var ids = WebhookIDs()
            let id = ids.next { String(decoding: $0, as: UTF8.self) }
            let timestamp = String(milliseconds / 1000)
            let message = Array("\(id).\(timestamp).".utf8) + body
            let signature = HMAC.sign(key: WebhookSecret.decode(secret) ?? [], message)
            return [
                ("webhook-id", id), ("webhook-timestamp", timestamp),
                ("webhook-signature", "v1,\(Base64.encode(signature))"),
            ]
        }
    }
}
