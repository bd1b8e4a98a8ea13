/// Why an attempt failed, in few words that never change: what is counted, where the reason itself is for people.
public enum FailureCause: String, CaseIterable, Sendable {
    case credentials
    case http3xx = "http_3xx"
    case http4xx = "http_4xx"
    case http5xx = "http_5xx"
    case timeout, dns, tls, connection
    case exit, signal
    case disk
    /// The event can't be delivered to this target as it is.
    case unfit
    case other

    /// Why an attempt failed; `nil` if it did not, or was not made.
    init?(_ ending: AttemptEnding) {
        switch ending {
        case .written, .cancelled, .exited(code: 0, _): return nil
        case .exited: self = .exit
        case .unfit: self = .unfit
        case .broken(let reason, _): self = FailureCause.of(reason)
        case .answered(let answer):
            switch answer.judged {
            case 200...299: return nil
            case 300...399: self = .http3xx
            case 401, 403, 407: self = .credentials
            case 400...499: self = .http4xx
            default: self = .http5xx
            }
        }
    }

    /// Reasons begin with words that say which kind of fault it is.
    private static let beginnings: [(words: String, cause: FailureCause)] = [
        ("timeout", .timeout), ("DNS", .dns), ("TLS", .tls), ("connection", .connection),
        ("the answer was cut off", .connection), ("killed by signal", .signal), ("write ", .disk), ("open ", .disk),
        ("fdatasync ", .disk), ("rename ", .disk), ("mkdir ", .disk),
    ]

    private static func of(_ reason: String) -> FailureCause {
        beginnings.first { reason.hasPrefix($0.words) }?.cause ?? .other
    }
}
