import HTTPServer

/// A request to the operators' listener, copied out of its connection's buffer so that any thread may answer it.
struct AdminRequest: Sendable {
    /// The path, as it came.
    var path: String
    /// The query behind `?`, as it came.
    var query = ""
    /// What the client wants to be answered in.
    var accept = ""
    /// Whether it may change something: it is none that only asks.
    var isChange: Bool
    /// Who asks: `control socket`, or an address.
    var client: String
    /// Whether the page that sent it came by TLS, by way of a proxy.
    var isSecure = false
    /// The body.
    var body: [UInt8] = []

    init(_ request: Request) {
        let head = request.head
        path = head.text(head.path)
        query = head.text(head.query)
        accept = head.value(of: "accept").map(head.text) ?? ""
        isChange = head.method != .get && head.method != .head
        client = head.peer == .local ? "control socket" : head.peer.description
        isSecure = head.value(of: "origin").map { head.text($0).hasPrefix("https://") } ?? false
        body = Array(request.body)
    }
}
