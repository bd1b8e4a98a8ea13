import EventJSON
import HTTPServer
import Synchronization

/// The form by which a browser gets its pass, and the limit of wrong tokens. May be used from any thread.
final class Login: Sendable {
    /// Wrong tokens taken in a minute, from all clients together; then nobody is asked until it is over.
    static let attemptsAMinute = 20

    private let access: AdminGuard
    private let now: @Sendable () -> Int64
    private let wrong = Mutex<(minute: Int64, count: Int)>((0, 0))

    init(_ access: AdminGuard, now: @escaping @Sendable () -> Int64) {
        self.access = access
        self.now = now
    }

    /// Whether there is a token, and so something to log out of.
    var isNeeded: Bool { access.token != nil }

    /// `GET` shows the form, `POST` takes the token.
    var endpoint: AdminEndpoint {
        AdminEndpoint(
            access: .anyone, place: .loop, answers: [.get: { _ in Login.form(200, "") }, .post: { self.take($0) }])
    }

    /// Takes the pass away.
    var goodbye: AdminEndpoint {
        AdminEndpoint(
            access: .anyone, place: .loop,
            answers: [.post: { Login.redirect("/login", cookie: SessionPass.cookie(nil, isSecure: $0.isSecure)) }])
    }

    private func take(_ request: AdminRequest) -> Response {
        guard let token = access.token else { return Login.redirect("/") }
        let minute = now() / 60_000
        let isOpen = wrong.withLock { wrong in
            if wrong.minute != minute { wrong = (minute, 0) }
            return wrong.count < Login.attemptsAMinute
        }
        guard isOpen else {
            return Problem(
                status: 429, detail: "too many wrong tokens", hint: "try again in a minute",
                headers: [.init("retry-after", "60")]
            ).response
        }
        let sent = FormFields(String(decoding: request.body, as: UTF8.self)).first { $0.name == "token" }?.value ?? ""
        guard access.isToken(Array(sent.utf8)) else {
            wrong.withLock { $0.count += 1 }
            return Login.form(401, "That is not the token.")
        }
        let pass = SessionPass.issue(token: token, now: now())
        return Login.redirect("/", cookie: SessionPass.cookie(pass, isSecure: request.isSecure))
    }

    /// The form, with a message where the page has room for one.
    private static func form(_ status: Int, _ message: String) -> Response {
        guard let file = ConsoleFile.at("/login") else { return Problem.nothingHere.response }
        let page = String(decoding: file.bytes, as: UTF8.self).replacing("<!--message-->", with: message)
        return Response(status: status, contentType: file.contentType, body: Array(page.utf8))
    }

    static func redirect(_ path: String, cookie: String? = nil) -> Response {
        Response(
            status: 303, headers: [.init("location", path)] + (cookie.map { [.init("set-cookie", $0)] } ?? []), body: []
        )
    }
}
