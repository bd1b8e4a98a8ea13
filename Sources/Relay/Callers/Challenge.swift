import EventJSON
import HTTPServer

/// The handshake by which a sender makes sure of an endpoint. `sources.*.challenge` in `routes.json`.
public struct Challenge: Hashable, Sendable {
    /// The senders' ways.
    public enum Kind: String, CaseIterable, Sendable {
        /// A signed POST of `{"type": "url_verification", "challenge": …}`, answered with the challenge.
        case slack
        /// `GET ?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`, answered with the challenge.
        case meta
        /// `OPTIONS` with `WebHook-Request-Origin` (CloudEvents' HTTP 1.1 Web Hooks §4).
        case cloudevents
    }

    /// The way.
    public var kind: Kind
    /// `meta`: the token that the sender was given. Without it one of the secrets of `verify`; without those any will do.
    public var token: String?

    /// A challenge is no longer, in bytes: it comes back as it was sent.
    static let lengthLimitBytes = 1024
    /// A body that is a handshake is no longer, in bytes.
    static let bodyLimitBytes = 16 << 10

    /// The method that the handshake comes by, beside POST.
    var method: Method? {
        switch kind {
        case .slack: nil
        case .meta: .get
        case .cloudevents: .options
        }
    }

    /// The answer to a handshake that comes by a method of its own.
    func answer(to head: RequestHead, on source: SourceConfiguration) -> Response {
        kind == .meta ? answerMeta(head, source) : answerCloudEvents(head, source)
    }

    private func answerMeta(_ head: RequestHead, _ source: SourceConfiguration) -> Response {
        var query: [String: String] = [:]
        for field in FormFields(head.text(head.query)) where query[field.name] == nil {
            query[field.name] = field.value
        }
        guard query["hub.mode"] == "subscribe", let challenge = query["hub.challenge"] else {
            return Answers.refusal(
                400, "this is no handshake",
                hint: "it comes with hub.mode=subscribe, hub.verify_token and hub.challenge")
        }
        let tokens = token.map { [$0] } ?? source.verify?.secrets ?? []
        let sent = Array((query["hub.verify_token"] ?? "").utf8)
        var isRight = tokens.isEmpty
        for token in tokens { isRight = ConstantTime.equal(Array(token.utf8), sent) || isRight }
        guard isRight else {
            return Answers.refusal(
                403, "hub.verify_token is not this source's", hint: "compare it with `challenge.token`")
        }
        return Challenge.echo(challenge)
    }

    private func answerCloudEvents(_ head: RequestHead, _ source: SourceConfiguration) -> Response {
        guard let origin = head.value(of: "webhook-request-origin"), !origin.isEmpty else {
            return Answers.refusal(
                400, "the header WebHook-Request-Origin is missing", hint: "it names who wants to send here")
        }
        let rate = source.rate?.requests.map { rate in
            String(max(1, Int(Double(rate.count) * 60_000 / Double(max(1, Int(rate.per / .milliseconds(1)))))))
        }
        return Response(
            status: 200,
            headers: [
                .init("allow", "POST, OPTIONS"), .init("webhook-allowed-origin", head.text(origin)),
                .init("webhook-allowed-rate", rate ?? "*"),
            ], body: [])
    }

    /// The answer to a body that is Slack's handshake; `nil` if it is none.
    static func slackAnswer(to body: UnsafeRawBufferPointer) -> Response? {
        guard let root = handshake(body, "url_verification"), root[key: "type"]?.string == "url_verification",
            let challenge = root[key: "challenge"]?.string
        else { return nil }
        return echo(challenge)
    }

    /// The answer to a body that is Zoom's `endpoint.url_validation`; `nil` if it is none. `secret` is the one that it was
    /// signed with.
    static func zoomAnswer(to body: UnsafeRawBufferPointer, secret: String) -> Response? {
        let event = "endpoint.url_validation"
        guard let root = handshake(body, event), root[key: "event"]?.string == event,
            let token = root[key: "payload"]?[key: "plainToken"]?.string
        else { return nil }
        var writer = JSONWriter()
        writer.object {
            $0.member("plainToken", token)
            $0.member("encryptedToken", Hex.encode(HMAC.sign(key: Array(secret.utf8), Array(token.utf8))))
        }
        return Response(status: 200, body: writer.bytes)
    }

    /// A body that may be a handshake: short, and the word that tells it is in it.
    private static func handshake(_ body: UnsafeRawBufferPointer, _ word: String) -> JSONValue? {
        guard body.count <= bodyLimitBytes, String(decoding: body, as: UTF8.self).contains(word) else { return nil }
        do throws(JSONSyntaxError) { return try JSONDocument(Array(body)).root } catch { return nil }
    }

    private static func echo(_ challenge: String) -> Response {
        guard challenge.utf8.count <= lengthLimitBytes, challenge.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
            return Answers.refusal(
                400, "the challenge is no plain text of at most \(lengthLimitBytes) bytes", hint: "send a shorter one")
        }
        // What anybody may have sent is shown as text, whatever it looks like.
        return Response(
            status: 200, contentType: "text/plain; charset=utf-8",
            headers: [.init("x-content-type-options", "nosniff")],
            body: Array(challenge.utf8))
    }
}
