import EventJSON

/// Which targets' queues are meant: the body of `POST /api/v1/pause`, `resume`, `drop` and `move`.
///
///     {"targets": ["crm", "mail"], "dry_run": true}      these; with `dry_run` nothing is changed and all is counted
///     {"targets": ["old"], "to": "new"}                  for `move`
struct QueueRequest {
    /// Targets named in one request at most.
    static let targetLimit = 1000

    var targets: [String]
    /// Where a move goes.
    var to: String?
    var isDryRun: Bool

    init(_ body: [UInt8]) throws(BodyFault) {
        let hint = "send {\"targets\": [\"crm\"]}"
        let root: JSONValue
        do throws(JSONSyntaxError) { root = try JSONDocument(body).root } catch {
            throw BodyFault(message: "the body is not JSON: \(error.message)", hint: hint)
        }
        for member in root.members ?? [] where !["targets", "to", "dry_run"].contains(member.key) {
            throw BodyFault(message: "there is no key \"\(member.key)\" here", hint: hint)
        }
        guard let names = root[key: "targets"]?.array?.map(\.string), !names.isEmpty, !names.contains(nil) else {
            throw BodyFault(message: "no target is named", hint: hint)
        }
        guard names.count <= QueueRequest.targetLimit else {
            throw BodyFault(
                message: "\(names.count) targets are too many for one request",
                hint: "send at most \(QueueRequest.targetLimit) at a time")
        }
        targets = names.compactMap { $0 }
        to = root[key: "to"]?.string
        isDryRun = root[key: "dry_run"]?.isTrue == true
    }
}
