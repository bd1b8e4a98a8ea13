import Delivery
import HTTPServer

/// Checks who sent a request. Owned by one event loop: its prepared keys are no shared ones.
final class Verifier {
    /// Why a request is not taken.
    struct Rejection: Error, Equatable {
        var error: String
        var hint: String
    }

    /// How far a timestamp may be off, in seconds, either way.
    static let toleranceSeconds: Int64 = 300
    static let voucherifyHeader: StaticString = "x-voucherify-signature"

    private let scheme: VerifySettings.Scheme
    private let keys: [HMAC]

    init(_ settings: VerifySettings) {
        scheme = settings.scheme
        keys = settings.secrets.compactMap { secret in
            switch settings.scheme {
            case .voucherify: HMAC(key: secret.utf8)
            case .standardWebhooks: WebhookSecret.decode(secret).flatMap { HMAC(key: $0) }
            }
        }
    }

    /// Checks a request. `now` is in milliseconds since 1970; `isCompact` says that the body is known to be JSON without
    /// white space outside its strings.
    func check(_ request: Request, now: Int64, isCompact: Bool = false) throws(Rejection) {
        switch scheme {
        case .voucherify: try checkVoucherify(request, isCompact: isCompact)
        case .standardWebhooks: try checkStandardWebhooks(request, now: now)
        }
    }

    private func header(_ name: StaticString, of head: RequestHead) throws(Rejection) -> Range<Int> {
        let values = head.values(of: name)
        guard let value = values.first else {
            throw Rejection(error: "the header \(name) is missing", hint: "this source takes signed requests only")
        }
        guard values.count == 1 else {
            throw Rejection(error: "the header \(name) stands there more than once", hint: "send it once")
        }
        return value
    }

    private func checkVoucherify(_ request: Request, isCompact: Bool) throws(Rejection) {
        let sent = UnsafeRawBufferPointer(
            rebasing: request.head.bytes[try header(Verifier.voucherifyHeader, of: request.head)])
        guard sent.count == 2 * HMAC.size else {
            throw Rejection(
                error: "\(Verifier.voucherifyHeader) is no HMAC-SHA256 in hexadecimal",
                hint: "it has 64 digits in lower case")
        }
        var isRight = false
        for key in keys {
            key.begin()
            if isCompact { key.update(request.body) } else { Verifier.updateCompact(key, request.body) }
            // All keys are tried, so that the time does not tell which one fits.
            isRight = key.finishesAs(hex: sent) || isRight
        }
        guard isRight else {
            throw Rejection(
                error: "the signature does not fit",
                hint: "compare `secret` with the secret key in Voucherify's project settings")
        }
    }

    /// Feeds a body to a key without the white space outside strings, run by run, as it lies. A plain text that is no
    /// JSON is signed as it stands.
    static func updateCompact(_ key: HMAC, _ body: UnsafeRawBufferPointer) {
        guard WhiteSpace.isJSON(body) else { return key.update(body) }
        var start = 0
        var runs = WhiteSpace(body)
        while let run = runs.next() {
            key.update(UnsafeRawBufferPointer(rebasing: body[start..<run.lowerBound]))
            start = run.upperBound
        }
        key.update(UnsafeRawBufferPointer(rebasing: body[start...]))
    }

    private func checkStandardWebhooks(_ request: Request, now: Int64) throws(Rejection) {
        let id = request.head.text(try header("webhook-id", of: request.head))
        let timestamp = request.head.text(try header("webhook-timestamp", of: request.head))
        let sent = request.head.text(try header("webhook-signature", of: request.head))
        let tolerated = (now / 1000 - Verifier.toleranceSeconds)...(now / 1000 + Verifier.toleranceSeconds)
        guard let seconds = Int64(timestamp), tolerated.contains(seconds) else {
            throw Rejection(
                error: "webhook-timestamp is more than \(Verifier.toleranceSeconds) s off, or no number",
                hint: "compare the two clocks")
        }
        let signatures = sent.split(separator: " ").filter { $0.hasPrefix("v1,") }.compactMap {
            Base64.decode($0.dropFirst(3))
        }
        var isRight = false
        for key in keys {
            key.begin()
            key.update("\(id).\(timestamp).")
            key.update(request.body)
            let expected = key.finish()
            for signature in signatures { isRight = ConstantTime.equal(expected, signature) || isRight }
        }
        guard isRight else {
            throw Rejection(error: "the signature does not fit", hint: "compare `secret` with the sender's")
        }
    }
}
