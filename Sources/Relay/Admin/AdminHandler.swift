import EventJSON
import HTTPServer
import Spool

/// Answers the operators: health, and the API that the verbs use. One for each listener, on its loop's thread.
final class AdminHandler: RequestHandler {
    /// What a path offers.
    private struct Endpoint {
        var method: Method
        var isOpen = false
        var answer: (Request) -> Response
    }

    static let bodyLimitBytes = 1 << 20

    private unowned let loop: EventLoop
    private let operations: Operations
    private let access: AdminGuard
    private let reload: @Sendable () -> [Diagnostic]

    init(
        loop: EventLoop, operations: Operations, access: AdminGuard, reload: @escaping @Sendable () -> [Diagnostic]
    ) {
        self.loop = loop
        self.operations = operations
        self.access = access
        self.reload = reload
    }

    func judge(_ head: RequestHead) -> HeadVerdict {
        let path = head.text(head.path)
        guard let endpoint = endpoint(path) else {
            return .refuse(
                Answers.refusal(404, "there is nothing at this path", hint: "see /healthz, /readyz, /api/v1/status"))
        }
        if !endpoint.isOpen, let refusal = access.refusal(of: head) { return .refuse(refusal) }
        guard head.method == endpoint.method || (head.method == .head && endpoint.method == .get) else {
            return .refuse(
                Answers.refusal(
                    405, "\(head.method.name) is not taken here", hint: "use \(endpoint.method.name)",
                    headers: [.init("allow", endpoint.method.name)]))
        }
        return .readBody(limitBytes: AdminHandler.bodyLimitBytes)
    }

    func handle(_ request: Request, on exchange: Exchange) {
        let path = request.head.text(request.head.path)
        let response =
            endpoint(path)?.answer(request) ?? Answers.refusal(404, "there is nothing at this path", hint: "")
        loop.answer(exchange, with: response)
    }

    func roundEnded() {}

    private func endpoint(_ path: String) -> Endpoint? {
        switch path {
        case "/healthz":
            Endpoint(method: .get, isOpen: true) { _ in AdminHandler.object(200) { $0.member("status", "ok") } }
        case "/readyz": Endpoint(method: .get, isOpen: true) { [self] _ in readiness() }
        case "/api/v1/status":
            Endpoint(method: .get) { [self] _ in
                var writer = JSONWriter()
                operations.writeStatus(to: &writer)
                return Response(status: 200, body: writer.bytes)
            }
        case "/api/v1/retry": Endpoint(method: .post) { [self] in retry($0) }
        case "/api/v1/reload": Endpoint(method: .post) { [self] _ in reloadAnswer() }
        default:
            if path.hasPrefix("/api/v1/events/") {
                Endpoint(method: .get) { [self] _ in event(path.dropFirst("/api/v1/events/".count)) }
            } else {
                nil
            }
        }
    }

    private func readiness() -> Response {
        guard let closed = operations.closed else { return AdminHandler.object(200) { $0.member("status", "ready") } }
        return AdminHandler.object(503) {
            $0.member("status", "closed")
            $0.member("reason", closed)
        }
    }

    private func event(_ text: Substring) -> Response {
        guard let number = UInt64(text), number > 0 else {
            return Answers.refusal(400, "\"\(text)\" is no event number", hint: "an event number is a positive integer")
        }
        do throws(SpoolError) {
            guard let report = try operations.report(on: EventNumber(rawValue: number)) else {
                return Answers.refusal(
                    404, "event \(number) is not, or no longer, in the spool",
                    hint: "`spool.retain` says how long finished events stay")
            }
            var writer = JSONWriter()
            report.write(to: &writer)
            return Response(status: 200, body: writer.bytes)
        } catch {
            return AdminHandler.fault(error)
        }
    }

    private func retry(_ request: Request) -> Response {
        let wanted: RetryRequest
        do throws(RetryRequest.Fault) { wanted = try RetryRequest(Array(request.body)) } catch {
            return Answers.refusal(400, error.message, hint: error.hint)
        }
        var writer = JSONWriter()
        do throws(SpoolError) { try operations.retry(wanted, to: &writer) } catch { return AdminHandler.fault(error) }
        return Response(status: 200, body: writer.bytes)
    }

    private func reloadAnswer() -> Response {
        let findings = reload()
        let isRefused = findings.contains { $0.severity == .error }
        return AdminHandler.object(isRefused ? 422 : 200) { writer in
            if isRefused {
                writer.member("error", "the configuration has errors: the old one stays in force")
                writer.member("hint", "see `hookswitch check`")
            }
            writer.member("findings") { writer in
                writer.array { for finding in findings { finding.write(to: &$0) } }
            }
        }
    }

    private static func object(_ status: Int, _ content: (inout JSONWriter) -> Void) -> Response {
        var writer = JSONWriter()
        writer.object(content)
        return Response(status: status, body: writer.bytes)
    }

    private static func fault(_ error: SpoolError) -> Response {
        Answers.refusal(500, error.described, hint: "the disk or the spool's files are at fault; see the log")
    }
}
