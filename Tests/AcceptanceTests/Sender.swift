import EventJSON
import Foundation

/// An HTTP client with one kept-alive connection, as plain as can be: what it sends is what the test says.
final class Sender {
    /// An answer.
    struct Answer {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        /// The body as JSON.
        func json() throws -> JSONValue { try JSONDocument(body).root }

        /// The event's number in a 202.
        func event() throws -> Int { try json()[key: "event"]?.integer ?? 0 }
    }

    /// The server is not there, or went away before it answered.
    struct NoAnswer: Error {}

    private let port: UInt16
    private var reader: SocketReader?

    init(port: UInt16) { self.port = port }

    deinit { if let reader { close(reader.descriptor) } }

    func get(_ path: String) throws -> Answer { try exchange("GET \(path) HTTP/1.1\r\nhost: localhost\r\n\r\n", []) }

    func post(_ body: [UInt8], to path: String, headers: [(String, String)] = []) throws -> Answer {
        var head = "POST \(path) HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        return try exchange(head + "content-length: \(body.count)\r\n\r\n", body)
    }

    /// Sends a head and a body as they are, and reads the answer.
    func exchange(_ head: String, _ body: [UInt8]) throws -> Answer {
        if reader == nil {
            guard let descriptor = Loopback.connect(port) else { throw NoAnswer() }
            reader = SocketReader(descriptor)
        }
        // A server that refuses early may not take all of it: its answer is still there to be read.
        _ = Loopback.send(Array(head.utf8) + body, on: reader!.descriptor)
        guard let status = reader?.line() else { throw hangUp() }
        let code = Int(status.split(separator: " ").dropFirst().first ?? "") ?? 0
        var headers: [String: String] = [:]
        while let line = reader?.line(), !line.isEmpty {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        guard let bytes = reader?.bytes(Int(headers["content-length"] ?? "0") ?? 0) else { throw hangUp() }
        if headers["connection"] == "close" { _ = hangUp() }
        return Answer(status: code, headers: headers, body: bytes)
    }

    private func hangUp() -> NoAnswer {
        if let reader { close(reader.descriptor) }
        reader = nil
        return NoAnswer()
    }
}
