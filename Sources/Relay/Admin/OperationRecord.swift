import EventJSON
import Platform

/// One line of `operations.ndjson`: what an operator changed, by whichever way.
///
///     {"at":"2026-01-01T00:00:00.000Z","operation":"pause","by":"control socket","status":200,"request":{"targets":["crm"]}}
struct OperationRecord {
    /// A longer request is left out.
    static let requestLimitBytes = 2048
    private static let prefix = "/api/v1/"
    /// What changes nothing, though it is sent by POST; and a reload, which `Daemon` takes note of.
    private static let others: Set<String> = ["match", "session", "reload"]

    /// In milliseconds since 1970.
    var at: Int64
    var operation: String
    /// The way: `control socket`, `SIGHUP`, or a client's address.
    var by: String
    var status: Int
    /// What was asked, if it is JSON.
    var request: [UInt8] = []
    /// What is otherwise now.
    var changes: [String] = []

    /// A request to the operators' listener; `nil` for one that can't change anything, or only asks what it would change.
    init?(_ request: AdminRequest, status: Int, at now: Int64) {
        guard request.isChange, request.path.hasPrefix(OperationRecord.prefix) else { return nil }
        operation = String(request.path.dropFirst(OperationRecord.prefix.count))
        guard !OperationRecord.others.contains(operation) else { return nil }
        let document = try? JSONDocument(request.body)
        guard document?.root[key: "dry_run"]?.isTrue != true else { return nil }
        at = now
        by = request.client
        self.status = status
        if document != nil, request.body.count <= OperationRecord.requestLimitBytes {
            self.request = CompactJSON.compacted(request.body)
        }
    }

    /// A reload, by a signal or a client.
    init(_ outcome: ReloadOutcome, by asker: String, at now: Int64) {
        at = now
        operation = "reload"
        by = asker
        status = outcome.isRefused ? 422 : 200
        changes = outcome.changes.map(\.description)
    }

    /// The line, without its end.
    var line: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("at", CivilDate.iso8601(at))
            writer.member("operation", operation)
            writer.member("by", by)
            writer.member("status", status)
            if !request.isEmpty { writer.member("request") { $0.raw(request) } }
            if !changes.isEmpty { writer.member("changes", changes) }
        }
        return writer.bytes
    }
}
