/// What follows from how an attempt ended: the table of SPEC.md section 5, in one place.
public enum Verdict: Sendable, Equatable {
    /// Delivered.
    case done
    /// To be tried again.
    case again
    /// To be tried again, no sooner than so many milliseconds from now; until then the whole target waits.
    case held(milliseconds: Int64)
    /// The target is at fault with us, not with the event (our credentials): tried again, and the target waits.
    case ours
    /// Given up at once.
    case final
    /// Never made: it goes back untried.
    case untried

    /// What follows from an ending, `now` in milliseconds since 1970.
    public init(_ ending: AttemptEnding, policy: RetryPolicy, finalExits: Set<Int32> = [], now: Int64) {
        switch ending {
        case .written: self = .done
        case .broken: self = .again
        case .unfit: self = .final
        case .cancelled: self = .untried
        case .exited(let code, _): self = code == 0 ? .done : finalExits.contains(code) ? .final : .again
        case .answered(let answer): self = Verdict.of(answer, policy: policy, now: now)
        }
    }

    private static func of(_ answer: AttemptEnding.Answer, policy: RetryPolicy, now: Int64) -> Verdict {
        let status = answer.judged
        if (200...299).contains(status) { return .done }
        guard tries(status, policy) else { return .final }
        if let wait = answer.retryAfter?.milliseconds(from: now), wait > 0 { return .held(milliseconds: wait) }
        switch status {
        case 401, 403, 407: return .ours
        default: return .again
        }
    }

    /// Whether there is another attempt: as the policy has it, a status named by itself before one of a class.
    private static func tries(_ status: Int, _ policy: RetryPolicy) -> Bool {
        let (tried, given) = (policy.retriedStatuses.naming(status), policy.finalStatuses.naming(status))
        if tried != given { return tried > given }
        switch status {
        case 401, 403, 407, 408, 425, 429, 500...599: return true
        default: return false
        }
    }
}

extension AttemptEnding {
    /// The fault in words, for the record; `nil` for a success.
    public var fault: String? {
        switch self {
        case .written, .exited(code: 0, _): nil
        case .exited(let code, _): code == 75 ? "exit 75 (EX_TEMPFAIL)" : "exit \(code)"
        case .broken(let reason, _), .unfit(let reason): reason
        case .cancelled: "stopped"
        case .answered(let answer):
            switch answer.status {
            case _ where answer.meaning != nil: answer.meaning?.reason
            case 200...299: nil
            case 300...399:
                answer.location.map { "HTTP \(answer.status): redirect to \($0), which is not followed" }
                    ?? "HTTP \(answer.status)"
            case 401, 403, 407: "HTTP \(answer.status): the target refuses our credentials"
            default: "HTTP \(answer.status)"
            }
        }
    }
}
