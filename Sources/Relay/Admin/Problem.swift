import EventJSON
import HTTPServer
import Spool

/// Why an operator's request is not done: problem details (RFC 9457), with a hint what to do.
struct Problem: Error {
    static let contentType = "application/problem+json"

    var status: Int
    var detail: String
    var hint = ""
    var headers: [Response.Header] = []
    /// More members of the object.
    var more: @Sendable (inout JSONWriter) -> Void = { _ in }

    /// The answer. `title` is the status's own phrase, since `type` is `about:blank` (RFC 9457 §4.2.1).
    var response: Response {
        var writer = JSONWriter()
        writer.object {
            $0.member("type", "about:blank")
            $0.member("title", Response.reason(of: status))
            $0.member("status", status)
            $0.member("detail", detail)
            if !hint.isEmpty { $0.member("hint", hint) }
            more(&$0)
        }
        return Response(status: status, contentType: Problem.contentType, headers: headers, body: writer.bytes)
    }

    static let nothingHere = Problem(
        status: 404, detail: "there is nothing at this path", hint: "see /healthz, /readyz, /metrics, /api/v1/status")
}

extension Problem {
    /// What is asked of a cluster where there is none.
    static let notOnCluster = Problem(
        status: 409, detail: "the spool is a directory: this relay is the only one that has it",
        hint: "`spool.jetstream` is what several relays share")

    /// What to do where the brokers can't be reached.
    static let askTheBrokers = "are the brokers there? `hookswitch check --live` asks them"

    /// The spool could not be asked.
    init(_ error: SpoolError) {
        guard case .elsewhere = error else {
            self.init(
                status: 500, detail: error.described, hint: "the disk or the spool's files are at fault; see the log")
            return
        }
        self.init(status: 503, detail: error.described, hint: Problem.askTheBrokers)
    }
}
