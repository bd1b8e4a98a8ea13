import EventJSON

/// Decides when an access token is got, kept and renewed. A plain value: time and answers come in.
///
/// It is renewed a while before it ends, the old one being used meanwhile, and when the target refuses it. However many
/// wait for one, it is asked for once.
struct TokenKeeper {
    /// For how long a token is taken to be good whose answer does not say, in milliseconds.
    static let unstatedLifeMilliseconds: Int64 = 3_600_000
    /// How long before its end a token is renewed at the most, in milliseconds; a fifth of its life if that is less.
    static let renewalLeadMilliseconds: Int64 = 60_000
    /// How long after a failed renewal the next one begins, the old token being good meanwhile, in milliseconds.
    static let renewalPauseMilliseconds: Int64 = 5_000

    /// What to do now.
    struct Need: Equatable {
        /// The token to use; `nil` to wait for one.
        var token: String?
        /// Whether one is to be asked for now.
        var isToAsk: Bool
    }

    private struct Token {
        var value: String
        var renewAt: Int64
        var endsAt: Int64
    }

    private var token: Token?
    private var isAsking = false

    /// A request needs a token, `now` by the steady clock in milliseconds.
    mutating func need(now: Int64) -> Need {
        if let token, now >= token.endsAt { self.token = nil }
        guard let token, now < token.renewAt else {
            let isFirst = !isAsking
            isAsking = true
            return Need(token: self.token?.value, isToAsk: isFirst)
        }
        return Need(token: token.value, isToAsk: false)
    }

    /// The target refused a request with this token: it is no good, unless it has been replaced since.
    mutating func refused(_ value: String) {
        if token?.value == value { token = nil }
    }

    /// An answer came, or none did. The fault, if there is no token in it.
    mutating func answered(_ ending: AttemptEnding, now: Int64) -> String? {
        isAsking = false
        switch TokenKeeper.read(ending) {
        case .success(let (value, life)):
            let lead = min(TokenKeeper.renewalLeadMilliseconds, life / 5)
            token = Token(value: value, renewAt: now + life - lead, endsAt: now + life)
            return nil
        case .failure(let fault):
            token?.renewAt = now + TokenKeeper.renewalPauseMilliseconds
            return fault.reason
        }
    }

    private struct Fault: Error {
        var reason: String
    }

    private static func read(_ ending: AttemptEnding) -> Result<(value: String, life: Int64), Fault> {
        guard case .answered(let answer) = ending, (200...299).contains(answer.status) else {
            // What the server says of the fault (RFC 6749 §5.2) is short, and holds no secret of ours.
            var reason = ending.fault ?? "no answer"
            if case .answered(let answer) = ending,
                case .text(let error)? = EventBody.values(at: [EventPath("error")], in: answer.body)?[
                    EventPath("error")]
            {
                reason += " (\(String(decoding: error.prefix(100), as: UTF8.self)))"
            }
            return .failure(Fault(reason: "no access token: \(reason)"))
        }
        let paths = ["access_token", "token_type", "expires_in"].map { EventPath($0) }
        guard let values = EventBody.values(at: paths, in: answer.body), case .text(let token)? = values[paths[0]],
            !token.isEmpty, token.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return .failure(Fault(reason: "no access token: the answer holds none")) }
        if case .text(let type)? = values[paths[1]],
            String(decoding: type, as: UTF8.self).lowercased() != "bearer"
        {
            return .failure(Fault(reason: "no access token: its type is not Bearer"))
        }
        let seconds = values[paths[2]].flatMap { Double(String(decoding: $0.inText, as: UTF8.self)) } ?? 0
        let life = seconds >= 1 && seconds < 1e9 ? Int64(seconds * 1000) : unstatedLifeMilliseconds
        return .success((String(decoding: token, as: UTF8.self), life))
    }
}
