import HTTPServer

/// Who may use the operators' listener. The control socket is guarded by its file mode instead.
///
/// A page in an operator's browser must not reach it by a name that resolves to loopback (DNS rebinding: `Host` is
/// checked) nor by a form (`Origin` is checked where anything changes).
struct AdminGuard: Sendable {
    private let token: [UInt8]?

    init(token: String?) { self.token = token.map { Array($0.utf8) } }

    /// What is wrong with a request; `nil` if it may pass.
    func problem(with head: RequestHead) -> Problem? {
        if head.peer == .local { return nil }
        let host = head.value(of: "host").map(head.text) ?? ""
        if let token {
            let sent = head.value(of: "authorization").map(head.text) ?? ""
            guard sent.hasPrefix("Bearer "), ConstantTime.equal(Array(sent.utf8.dropFirst(7)), token) else {
                return Problem(
                    status: 401, detail: "this listener asks for a token",
                    hint: "send `authorization: Bearer …` with `admin_token`",
                    headers: [.init("www-authenticate", "Bearer")])
            }
        } else if !AdminGuard.isLoopbackName(host) {
            return Problem(
                status: 403, detail: "the host \"\(host.prefix(100))\" is not this listener's",
                hint: "use 127.0.0.1, [::1] or localhost")
        }
        if head.method != .get, head.method != .head, let origin = head.value(of: "origin").map(head.text),
            origin != "http://\(host)" && origin != "https://\(host)"
        {
            return Problem(
                status: 403, detail: "requests from pages of another origin are not taken",
                hint: "use the console, the verbs or the API")
        }
        return nil
    }

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
