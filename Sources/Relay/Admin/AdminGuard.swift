import CPlatform
import HTTPServer

/// Who may use the operators' listener. The control socket is guarded by its file mode instead.
///
/// A page in an operator's browser must not reach it by a name that resolves to loopback (DNS rebinding: `Host` is
/// checked), nor by a form or a script of another site (CSRF: `Origin` and `Sec-Fetch-Site` are).
struct AdminGuard: Sendable {
    /// What is asked for; `nil` for nothing.
    let token: [UInt8]?
    private let now: @Sendable () -> Int64

    init(token: String?, now: @escaping @Sendable () -> Int64 = hs_wall_ms) {
        self.token = token.map { Array($0.utf8) }
        self.now = now
    }

    /// What is wrong with an operator's request; `nil` if it may pass.
    func problem(with head: RequestHead) -> Problem? {
        if head.peer == .local { return nil }
        if let problem = problemWithOrigin(of: head) { return problem }
        guard let token, !isAuthorized(head, token) else { return nil }
        return Problem(
            status: 401, detail: "this listener asks for a token",
            hint: "send `authorization: Bearer …` with `admin_token`, or log in at /login",
            headers: [.init("www-authenticate", "Bearer")])
    }

    /// What is wrong with the place that a request comes from; `nil` if nothing is. Without a token the host must be
    /// loopback's own name; with one, a strange name gets nowhere, since the browser has no pass for it.
    func problemWithOrigin(of head: RequestHead) -> Problem? {
        if head.peer == .local { return nil }
        let host = head.value(of: "host").map(head.text) ?? ""
        if token == nil && !AdminGuard.isLoopbackName(host) {
            return Problem(
                status: 403, detail: "the host \"\(host.prefix(100))\" is not this listener's",
                hint: "use 127.0.0.1, [::1] or localhost")
        }
        let origin = head.value(of: "origin").map(head.text)
        let isForeignOrigin = origin.map { $0 != "http://\(host)" && $0 != "https://\(host)" } ?? false
        // Browsers say so of every request, of a GET too; a link that somebody follows is a navigation, and harmless.
        let site = head.value(of: "sec-fetch-site").map(head.text) ?? "none"
        let isRead = head.method == .get || head.method == .head
        let isNavigation = isRead && head.value(of: "sec-fetch-mode").map(head.text) == "navigate"
        let isForeignSite = !["same-origin", "none"].contains(site) && !isNavigation
        guard (isForeignOrigin && !isRead) || isForeignSite else { return nil }
        return Problem(
            status: 403, detail: "requests from pages of another origin are not taken",
            hint: "use the console, the verbs or the API")
    }

    private func isAuthorized(_ head: RequestHead, _ token: [UInt8]) -> Bool {
        let sent = head.value(of: "authorization").map(head.text) ?? ""
        if sent.hasPrefix("Bearer ") { return isToken(Array(sent.utf8.dropFirst(7))) }
        guard let pass = head.value(of: "cookie").flatMap({ SessionPass.find(in: head.text($0)) }) else { return false }
        return SessionPass.isValid(pass, token: token, now: now())
    }

    /// Whether this is the token, compared in constant time.
    func isToken(_ sent: [UInt8]) -> Bool { token.map { ConstantTime.equal(sent, $0) } ?? false }

    private static func isLoopbackName(_ host: String) -> Bool {
        var name = host[...]
        if name.hasPrefix("[") {
            return name.prefix { $0 != "]" } == "[::1"
        }
        if let colon = name.lastIndex(of: ":") { name = name[..<colon] }
        guard name.lowercased() != "localhost" else { return true }
        guard case .v4(let address, _)? = ListenAddress("\(name):0") else { return false }
        return address >> 24 == 127
    }
}
