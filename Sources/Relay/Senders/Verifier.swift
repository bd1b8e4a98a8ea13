import HTTPServer
import Platform

/// Checks who sent a request. Owned by one event loop: its prepared keys are no shared ones.
final class Verifier {
    /// Why a request is not taken.
    struct Rejection: Error, Equatable {
        var error: String
        var hint: String
        /// What `www-authenticate` says (RFC 9110 §11.6.1), where there is an authentication scheme with a name.
        var challenge: String?
    }

    static let voucherifyHeader: StaticString = "x-voucherify-signature"

    /// The keys of Voucherify's scheme.
    private let keys: [HMAC]
    /// Any other scheme.
    private let signature: SignatureCheck?

    init(_ settings: VerifySettings) {
        switch settings.scheme {
        case .voucherify: (keys, signature) = (settings.secrets.compactMap { HMAC(key: $0.utf8) }, nil)
        case .signature(let scheme): (keys, signature) = ([], SignatureCheck(scheme, secrets: settings.secrets))
        }
    }

    /// The place of the secret that the last request accepted was signed with.
    var matched: Int { signature?.matched ?? 0 }

    /// Refuses what needs no body to be refused: see `SignatureCheck.judge`. `now` is in milliseconds since 1970.
    func judge(_ head: RequestHead, now: Int64) throws(Rejection) {
        guard let signature else {
            _ = try voucherifySignature(of: head)
            return
        }
        try signature.judge(head, now: now)
    }

    /// Checks a request, all of it anew: since its head was judged a reload may have changed who may send. `now` is in milliseconds since 1970; `isCompact` says that the body is known to
    /// be JSON without white space outside its strings. Answers what tells its repetition, if its scheme has something.
    @discardableResult
    func check(
        _ head: RequestHead, body: UnsafeRawBufferPointer, now: Int64, isCompact: Bool = false
    ) throws(Rejection) -> ReplayKey? {
        guard let signature else {
            try checkVoucherify(head, body, isCompact: isCompact)
            return nil
        }
        return try signature.check(head, body: body, now: now)
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

    private func voucherifySignature(of head: RequestHead) throws(Rejection) -> UnsafeRawBufferPointer {
        let sent = UnsafeRawBufferPointer(rebasing: head.bytes[try header(Verifier.voucherifyHeader, of: head)])
        guard sent.count == 2 * SHA256.size else {
            throw Rejection(
                error: "\(Verifier.voucherifyHeader) is no HMAC-SHA256 in hexadecimal",
                hint: "it has 64 digits in lower case")
        }
        return sent
    }

    private func checkVoucherify(_ head: RequestHead, _ body: UnsafeRawBufferPointer, isCompact: Bool) throws(Rejection)
    {
        let sent = try voucherifySignature(of: head)
        var isRight = false
        for key in keys {
            key.begin()
            if isCompact { key.update(body) } else { Verifier.updateCompact(key, body) }
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
}
