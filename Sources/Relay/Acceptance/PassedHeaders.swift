import Delivery
import HTTPServer

/// Which of a request's headers are kept and go on to http targets: what says how to read the body, and what proves who sent it.
enum PassedHeaders {
    /// Content type, trace, and the signature headers of the senders known (their documentation).
    static let names: Set<String> = [
        "content-type", "traceparent", "tracestate", "x-voucherify-signature", "webhook-signature", "stripe-signature",
        "x-hub-signature-256", "x-github-event", "x-github-delivery", "x-gitlab-token", "x-gitlab-event",
        "x-shopify-hmac-sha256", "x-shopify-topic", "x-slack-signature", "x-slack-request-timestamp",
        "linear-signature", "paddle-signature", "x-pagerduty-signature", "x-twilio-signature", "x-zm-signature",
        "x-zm-request-timestamp",
    ]
    private static let lengths = Set(names.map(\.utf8.count))

    static func of(_ head: RequestHead) -> [EventAttributes.Header] {
        var headers: [EventAttributes.Header] = []
        for field in head.fields where lengths.contains(field.name.count) {
            let name = head.text(field.name).lowercased()
            if names.contains(name) { headers.append(.init(name: name, value: head.text(field.value))) }
        }
        return headers
    }
}
