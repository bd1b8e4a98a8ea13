import Delivery
import EventJSON

/// What is to be replayed: the body of `POST /api/v1/replays`.
///
///     {"since": "2026-01-01T00:00:00Z", "until": "1h", "match": {"type": ["order.paid"]}, "to": ["crm"], "rate": "100/s", "dry_run": true}
///
/// `since` and `until` are moments in UTC, or durations before now; `until` is now without it.
struct ReplayRequest {
    var since: Int64
    var until: Int64
    var match: String?
    var to: [String]
    var rate: Rate?
    var isDryRun: Bool

    private static let keys = ["since", "until", "match", "to", "rate", "dry_run"]
    private static let hint = "send {\"since\": \"1h\", \"to\": [\"crm\"]}"

    init(_ body: [UInt8], now: Int64) throws(BodyFault) {
        let document: JSONDocument
        do throws(JSONSyntaxError) { document = try JSONDocument(body) } catch {
            throw BodyFault(message: "the body is not JSON: \(error.message)", hint: ReplayRequest.hint)
        }
        let root = document.root
        for member in root.members ?? [] where !ReplayRequest.keys.contains(member.key) {
            throw BodyFault(message: "there is no key \"\(member.key)\" here", hint: ReplayRequest.hint)
        }
        guard let since = root[key: "since"] else {
            throw BodyFault(message: "`since` is missing", hint: ReplayRequest.hint)
        }
        self.since = try ReplayRequest.moment(since, now: now)
        until =
            try root[key: "until"].map { value throws(BodyFault) in try ReplayRequest.moment(value, now: now) } ?? now
        guard self.since < until else {
            throw BodyFault(message: "`since` is not before `until`", hint: "nothing lies between them")
        }
        if let match = root[key: "match"] {
            let text = match.string ?? String(decoding: document.bytes[match.range], as: UTF8.self)
            _ = try StoredEventMatcher(text)
            self.match = text
        }
        guard let to = root[key: "to"]?.array?.compactMap(\.string), !to.isEmpty else {
            throw BodyFault(message: "`to` names no target", hint: ReplayRequest.hint)
        }
        self.to = to
        if let text = root[key: "rate"]?.string {
            guard let rate = Units.rate(text) else {
                throw BodyFault(message: "\"\(text)\" is no rate", hint: Units.rateHint)
            }
            self.rate = rate
        }
        isDryRun = root[key: "dry_run"]?.isTrue == true
    }

    private static func moment(_ value: JSONValue, now: Int64) throws(BodyFault) -> Int64 {
        guard let text = value.string, let moment = Since.milliseconds(text, now: now) else {
            throw BodyFault(message: "\(value.described) is no moment", hint: "write 1h, 7d or 2026-01-01T00:00:00Z")
        }
        return moment
    }
}
