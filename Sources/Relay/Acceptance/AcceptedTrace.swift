import HTTPServer

/// What an event's span needs of its request.
struct AcceptedTrace: Sendable {
    /// The id that all its attempts carry.
    var webhookID = ""
    /// The trace that the request belongs to, as its sender says.
    let parent: String?

    init(_ head: RequestHead) {
        parent = head.value(of: "traceparent").map { head.text($0) }
    }
}
