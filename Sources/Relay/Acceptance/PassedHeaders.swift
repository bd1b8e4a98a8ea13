import Delivery
import HTTPServer

/// Which of a request's headers are kept and go on to http targets: what says how to read the body, and what proves who sent it.
enum PassedHeaders {
    /// Content type, trace, and the signature headers of the senders known (their documentation).
    static let names: [StaticString] = [
        "content-type", "traceparent", "tracestate", "x-voucherify-signature", "webhook-signature", "stripe-signature",
        "x-hub-signature-256", "x-github-event", "x-github-delivery", "x-gitlab-token", "x-gitlab-event",
        "x-shopify-hmac-sha256", "x-shopify-topic", "x-slack-signature", "x-slack-request-timestamp",
        "linear-signature", "paddle-signature", "x-pagerduty-signature", "x-twilio-signature", "x-zm-signature",
        "x-zm-request-timestamp",
    ]
    /// The names by their length: most headers are told apart by that alone.
    private static let byLength: [[StaticString]] = {
        var table: [[StaticString]] = []
        for name in names {
            while table.count <= name.utf8CodeUnitCount { table.append([]) }
            table[name.utf8CodeUnitCount].append(name)
        }
        return table
    }()

    /// What a source's `verify` reads beside the headers known: passed on too, but for a secret that is sent itself, and for
    /// what each request has of its own.
    static func names(besides verify: VerifySettings?) -> [String] {
        guard let verify, case .signature(let scheme) = verify.scheme, scheme.algorithm != .none else { return [] }
        let own = ["webhook-id", "webhook-timestamp", "host", "content-length", "authorization"]
        return scheme.headers.filter { name in !own.contains(name) && !names.contains { "\($0)" == name } }
    }

    /// Appends the headers of a request that are kept to its event's attributes; `more` are a source's own.
    static func append(_ head: RequestHead, and more: [String], to attributes: inout [UInt8]) {
        for name in more {
            for field in head.fields where head.isNamed(field.name, name) {
                var name = name
                name.withUTF8 { EventAttributes.append(.headerName, UnsafeRawBufferPointer($0), to: &attributes) }
                let value = UnsafeRawBufferPointer(rebasing: head.bytes[field.value])
                EventAttributes.append(.headerValue, value, to: &attributes)
            }
        }
        let table = byLength
        for field in head.fields where field.name.count < table.count {
            for known in table[field.name.count] where head.isNamed(field.name, known) {
                let name = UnsafeRawBufferPointer(start: known.utf8Start, count: known.utf8CodeUnitCount)
                EventAttributes.append(.headerName, name, to: &attributes)
                let value = UnsafeRawBufferPointer(rebasing: head.bytes[field.value])
                EventAttributes.append(.headerValue, value, to: &attributes)
            }
        }
    }
}
