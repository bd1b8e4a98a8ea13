import CPlatform
import Dispatch
import HTTPServer

/// The operators' listener: finds a path's endpoint, asks the guard, and has the answer made where it belongs. Made and
/// used on its loop's thread alone.
final class AdminHandler: RequestHandler {
    static let bodyLimitBytes = 1 << 20

    private unowned let loop: EventLoop
    private let endpoints: AdminEndpoints
    private let access: AdminGuard
    /// Takes note of what operators change.
    private let note: @Sendable (OperationRecord) -> Void
    /// Answers that may take a while, one after the other: they keep neither the loop nor one another's threads.
    private let queue = DispatchQueue(label: "hookswitch.admin")
    private let aside = DispatchQueue(label: "hookswitch.admin.aside")

    init(
        loop: EventLoop, endpoints: AdminEndpoints, access: AdminGuard,
        note: @escaping @Sendable (OperationRecord) -> Void
    ) {
        self.loop = loop
        self.endpoints = endpoints
        self.access = access
        self.note = note
    }

    func judge(_ head: RequestHead) -> HeadVerdict {
        guard let endpoint = endpoints.endpoint(at: head.text(head.path)) else {
            return .refuse(Problem.nothingHere.response.guarded)
        }
        if let response = refusal(of: head, at: endpoint) { return .refuse(response.guarded) }
        guard endpoint.answer(to: head.method) != nil else {
            return .refuse(
                Problem(
                    status: 405, detail: "\(head.method.name) is not taken here", hint: "use \(endpoint.allowed)",
                    headers: [.init("allow", endpoint.allowed)]
                ).response.guarded)
        }
        return .readBody(limitBytes: AdminHandler.bodyLimitBytes)
    }

    private func refusal(of head: RequestHead, at endpoint: AdminEndpoint) -> Response? {
        switch endpoint.access {
        case .operators: return access.problem(with: head)?.response
        case .browsers:
            let problem = access.problem(with: head)
            return problem?.status == 401 ? Login.redirect("/login") : problem?.response
        case .anyone:
            // Whoever may ask may not change anything by way of somebody else's browser.
            let isRead = head.method == .get || head.method == .head
            return isRead ? nil : access.problemWithOrigin(of: head)?.response
        }
    }

    func handle(_ request: Request, on exchange: Exchange) {
        let asked = AdminRequest(request)
        guard let endpoint = endpoints.endpoint(at: asked.path), let answer = endpoint.answer(to: request.head.method)
        else { return loop.answer(exchange, with: Problem.nothingHere.response.guarded) }
        guard endpoint.place != .loop else { return loop.answer(exchange, with: answer(asked).guarded) }
        (endpoint.place == .aside ? aside : queue).async { [loop, note] in
            let response = answer(asked).guarded
            if let record = OperationRecord(asked, status: response.status, at: hs_wall_ms()) { note(record) }
            loop.perform { loop.answer(exchange, with: response) }
        }
    }

    func roundEnded(isCalm: Bool) {}
}

extension Response {
    /// The answer with what keeps a browser from doing anything with it but show it: nothing from elsewhere is loaded, no
    /// script stands in a page, nothing is framed, guessed at or kept.
    fileprivate var guarded: Response {
        var response = self
        response.headers += Response.guards
        return response
    }

    private static let guards: [Header] = [
        .init(
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
        .init("x-content-type-options", "nosniff"), .init("x-frame-options", "DENY"),
        .init("referrer-policy", "no-referrer"), .init("cross-origin-resource-policy", "same-origin"),
        .init("cache-control", "no-store"),
    ]
}
