import CPlatform
import EventJSON

/// Which lines of the two files an operator wants to see, and which page of them: the query of `/api/v1/audit` and
/// `/api/v1/failures`, and the filter of a retry of all that match.
struct RecordQuery {
    /// Lines in one answer, at the most and by default.
    static let limitRange = 1...500
    static let defaultLimit = 100
    static let statuses = ["SUCCEEDED", "RETRYING", "FAILED"]
    /// The longest text looked for, in bytes.
    static let textLimitBytes = 200

    private(set) var filter = RecordFilter()
    /// Only deliveries of events that this route took.
    private(set) var route: String?
    /// Whether the lines of all relays of the cluster are meant, and which one's of them alone.
    private(set) var isOfAll = false
    private(set) var relay: String?
    private(set) var limit = RecordQuery.defaultLimit
    /// Lines older than this place.
    var before: RecordPages.Cursor?
    /// Lines newer than this place.
    private(set) var after: RecordPages.Cursor?

    init() {}

    /// Reads a query, `now` in milliseconds since 1970. An empty value is as good as none: that is how forms are sent.
    init(_ query: String, now: Int64) throws(Problem) {
        for parameter in FormFields(query) where !parameter.value.isEmpty {
            if parameter.name == "limit" {
                guard let limit = Int(parameter.value), RecordQuery.limitRange.contains(limit) else {
                    throw RecordQuery.problem(parameter, "a limit is a number from 1 to 500")
                }
                self.limit = limit
            } else if ["before", "after"].contains(parameter.name) {
                guard let cursor = RecordPages.Cursor(parameter.value) else {
                    throw RecordQuery.problem(parameter, "a cursor is what an answer gave as `older` or `newer`")
                }
                if parameter.name == "before" { before = cursor } else { after = cursor }
            } else {
                try take(parameter, now: now)
            }
        }
    }

    /// Takes one condition.
    mutating func take(_ parameter: (name: String, value: String), now: Int64) throws(Problem) {
        switch parameter.name {
        case "status":
            guard RecordQuery.statuses.contains(parameter.value.uppercased()) else {
                throw RecordQuery.problem(parameter, "there are \(RecordQuery.statuses.joined(separator: ", "))")
            }
            filter.status = parameter.value.uppercased()
        case "type": filter.type = parameter.value
        case "target": filter.target = parameter.value
        case "source": filter.source = parameter.value
        case "route": route = parameter.value
        case "cluster":
            guard ["true", "false"].contains(parameter.value) else {
                throw RecordQuery.problem(parameter, "it is true or false")
            }
            isOfAll = parameter.value == "true"
        case "relay": relay = parameter.value
        case "text":
            guard parameter.value.utf8.count <= RecordQuery.textLimitBytes else {
                throw RecordQuery.problem(parameter, "a text has at most \(RecordQuery.textLimitBytes) bytes")
            }
            filter.text = parameter.value
        case "since", "until":
            guard let moment = Since.read(parameter.value, now: now) else {
                throw RecordQuery.problem(parameter, "a time is written 1h, 7d or 2026-01-01T00:00:00Z")
            }
            if parameter.name == "since" { filter.since = moment } else { filter.until = moment }
        default:
            throw RecordQuery.problem(
                parameter,
                "there are status, type, target, source, route, text, since, until, cluster, relay, limit, before, after"
            )
        }
    }

    private static func problem(_ parameter: (name: String, value: String), _ hint: String) -> Problem {
        Problem(
            status: 400, detail: "\(parameter.name.prefix(40)) can't be \"\(parameter.value.prefix(100))\" here",
            hint: hint)
    }
}
