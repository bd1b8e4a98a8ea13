/// `Retry-After`, in either form (RFC 9110 §10.2.3).
public enum RetryAfter: Sendable, Equatable {
    /// So many seconds from now.
    case seconds(Int64)
    /// At a moment, in milliseconds since 1970.
    case at(Int64)

    /// The longest that is waited for, in milliseconds: an endpoint that asks for more is asked again after this.
    public static let limitMilliseconds: Int64 = 3_600_000

    /// Reads a field value; `nil` if it is neither a number nor a date.
    public init?(_ field: String) {
        let field = field.trimmingSpaces
        if !field.isEmpty, field.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            self = .seconds(Int64(field) ?? RetryAfter.limitMilliseconds)
        } else if let date = HTTPDate.milliseconds(field) {
            self = .at(date)
        } else {
            return nil
        }
    }

    /// How long to wait from now on, in milliseconds: 0 for what is past, at most an hour.
    public func milliseconds(from now: Int64) -> Int64 {
        let wait: Int64 =
            switch self {
            case .seconds(let seconds): seconds > 3600 ? RetryAfter.limitMilliseconds : seconds * 1000
            case .at(let date): date - now
            }
        return min(max(wait, 0), RetryAfter.limitMilliseconds)
    }
}

extension String {
    /// The text without spaces and tabs around it.
    var trimmingSpaces: String {
        var rest = self[...]
        while rest.first == " " || rest.first == "\t" { rest.removeFirst() }
        while rest.last == " " || rest.last == "\t" { rest.removeLast() }
        return String(rest)
    }
}
