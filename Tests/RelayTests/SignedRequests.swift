import Testing

@testable import HTTPServer
@testable import Relay

/// A request made of texts; its bytes live as long as `take` runs.
func withRequest<Result>(
    _ body: String, _ headers: [(String, String)], target: String = "/s", _ take: (Request) throws -> Result
) throws -> Result {
    var text = "POST \(target) HTTP/1.1\r\n"
    if !headers.contains(where: { $0.0 == "host" }) { text += "host: x\r\n" }
    for header in headers { text += "\(header.0): \(header.1)\r\n" }
    text += "\r\n"
    let bytes = Array(text.utf8) + Array(body.utf8)
    return try bytes.withUnsafeBytes { bytes in
        var parser = HeadParser(ServerLimits())
        let parsed = try #require(try parser.parse(bytes, peer: .local))
        return try take(Request(head: parsed.head, body: UnsafeRawBufferPointer(rebasing: bytes[parsed.end...])))
    }
}

/// What `verify` in `routes.json` is read as.
func verifySettings(_ verify: String) throws -> VerifySettings {
    let read = try reading(configuration(sources: #"{"s": {"path": "/s", "verify": \#(verify)}}"#))
    return try #require(read.configuration?.sources[0].verify, "\(read.findings)")
}

/// What becomes of a request: accepted with what tells its repetition, or the reason why not.
enum Checked: Equatable {
    case accepted(ReplayKey?)
    case refused(String)

    var isAccepted: Bool { if case .accepted = self { true } else { false } }
}

/// Has a request judged and checked as the door does.
func checked(
    _ body: String, _ headers: [(String, String)], _ settings: VerifySettings, now: Int64 = 0, target: String = "/s"
) throws -> Checked {
    let verifier = Verifier(settings)
    return try withRequest(body, headers, target: target) { request in
        do throws(Verifier.Rejection) {
            try verifier.judge(request.head, now: now)
            return .accepted(try verifier.check(request.head, body: request.body, now: now))
        } catch {
            return .refused(error.error)
        }
    }
}
