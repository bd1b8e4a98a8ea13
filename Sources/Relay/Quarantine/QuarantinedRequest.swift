import Delivery
import EventJSON
import HTTPServer
import Platform

/// A request that was refused because of its signature, as it was sent.
///
/// Kept as one line of JSON about it, then the head (as long as the line says), then the body.
struct QuarantinedRequest: Sendable, Equatable {
    /// When it came, in milliseconds since 1970.
    var receivedAt: Int64
    /// The source's name.
    var source: String
    /// The address that it came from.
    var client: String
    /// Why it was refused.
    var reason: String
    /// Request line and headers.
    var head: [UInt8]
    /// The body, coded as it was sent.
    var body: [UInt8]

    /// Headers whose values are secrets, right ones or nearly: they are kept, and not shown.
    private static let secretHeaders = ["authorization", "x-gitlab-token", "cookie"]

    var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("received_at", receivedAt)
            $0.member("source", source)
            $0.member("client", client)
            $0.member("reason", reason)
            $0.member("head", head.count)
        }
        return writer.bytes + [0x0A] + head + body
    }

    /// Reads one back; `nil` if it is none.
    init?(_ bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: 0x0A) else { return nil }
        let root: JSONValue
        do throws(JSONSyntaxError) { root = try JSONDocument(Array(bytes[..<end])).root } catch { return nil }
        guard let receivedAt = root[key: "received_at"]?.integer, let source = root[key: "source"]?.string,
            let client = root[key: "client"]?.string, let reason = root[key: "reason"]?.string,
            let length = root[key: "head"]?.integer, length >= 0, end + 1 + length <= bytes.count
        else { return nil }
        self.init(
            receivedAt: Int64(receivedAt), source: source, client: client, reason: reason,
            head: Array(bytes[(end + 1)..<(end + 1 + length)]), body: Array(bytes[(end + 1 + length)...]))
    }

    init(receivedAt: Int64, source: String, client: String, reason: String, head: [UInt8], body: [UInt8]) {
        self.receivedAt = receivedAt
        self.source = source
        self.client = client
        self.reason = reason
        self.head = head
        self.body = body
    }

    /// What a list says of it.
    func writeSummary(_ number: UInt64, to writer: inout JSONWriter) {
        writer.member("number", number)
        writer.member("received_at", CivilDate.iso8601(receivedAt))
        writer.member("source", source)
        writer.member("client", client)
        writer.member("reason", reason)
        writer.member("bytes", body.count)
    }

    /// All of it. A secret that was sent itself is not shown, nor is what the `secrets` headers carry.
    func write(_ number: UInt64, hiding secrets: [String], to writer: inout JSONWriter) {
        writeSummary(number, to: &writer)
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        writer.member("request", String(lines.first ?? ""))
        writer.member("headers") { writer in
            writer.object { writer in
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    let name = parts[0].lowercased()
                    let isSecret = QuarantinedRequest.secretHeaders.contains(name) || secrets.contains(name)
                    let value = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
                    writer.member(name, isSecret ? "(not shown)" : value)
                }
            }
        }
        if let text = String(validating: body, as: UTF8.self) {
            writer.member("body", text)
        } else {
            writer.member("body_base64", Base64.encode(body))
        }
    }
}
