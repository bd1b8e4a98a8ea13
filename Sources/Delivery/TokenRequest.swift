import EventJSON

/// The request for an access token by client credentials (RFC 6749 §4.4.2).
struct TokenRequest {
    /// How much of the answer is read, in bytes.
    static let answerLimitBytes = 16 << 10

    let settings: OAuth2Settings
    private let connection: ConnectionProfile
    private let timeoutMilliseconds: Int64
    private let userAgent: String

    init(_ settings: OAuth2Settings, of target: HTTPTargetSettings, timeout: Duration, userAgent: String) {
        self.settings = settings
        // The token's server is another one than the target's: proxy, authorities and certificate may be the same, the
        // socket and the pinned key are not.
        var connection = target.connection
        connection.socket = nil
        connection.pins = []
        self.connection = ConnectionProfile(connection)
        timeoutMilliseconds = max(1, timeout.milliseconds)
        self.userAgent = userAgent
    }

    func request(tag: UInt64, owner: any TransferOwner) -> TransferRequest {
        var fields = [("grant_type", "client_credentials")]
        if let scope = settings.scope { fields.append(("scope", scope)) }
        if let audience = settings.audience { fields.append(("audience", audience)) }
        var lines = HeaderLines()
        lines.add("user-agent", userAgent)
        lines.add("accept", "application/json")
        lines.add("content-type", "application/x-www-form-urlencoded")
        switch settings.authentication {
        case .header:
            let pair = TokenRequest.encoded(settings.clientID) + ":" + TokenRequest.encoded(settings.clientSecret)
            lines.add("authorization", "Basic " + Base64.encode(Array(pair.utf8)))
        case .body: fields += [("client_id", settings.clientID), ("client_secret", settings.clientSecret)]
        }
        lines.leaveOut("expect")
        let body = fields.map { "\($0.0)=\(TokenRequest.encoded($0.1))" }.joined(separator: "&")
        return TransferRequest(
            tag: tag, url: Array(settings.tokenURL.utf8), method: "POST", headers: lines, body: Array(body.utf8),
            timeoutMilliseconds: timeoutMilliseconds, connection: connection,
            keptBodyBytes: TokenRequest.answerLimitBytes, place: settings.tokenURL, owner: owner)
    }

    private static func encoded(_ text: String) -> String {
        var out: [UInt8] = []
        PercentEncoding.append(all: text.utf8, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}
