@testable import HTTPServer

/// A head as a test reads it: copied out of the bytes it was parsed from.
struct HeadUnderTest: Equatable {
    var method: Method
    var path: String
    var query: String
    var fields: [String]
    var framing: HeadParser.Framing
    var keepsAlive: Bool
    var expectsContinue: Bool
    var end: Int

    init(_ parsed: HeadParser.Parsed) {
        let head = parsed.head
        method = head.method
        path = head.text(head.path)
        query = head.text(head.query)
        fields = head.fields.map { "\(head.text($0.name)): \(head.text($0.value))" }
        framing = parsed.framing
        keepsAlive = parsed.keepsAlive
        expectsContinue = parsed.expectsContinue
        end = parsed.end
    }
}

/// What became of a head: read, refused, or still to come.
enum HeadOutcome: Equatable {
    case read(HeadUnderTest)
    case refused(Int, String)
    case unfinished

    /// The status of a refusal.
    var status: Int? {
        if case .refused(let status, _) = self { status } else { nil }
    }

    var head: HeadUnderTest? {
        if case .read(let head) = self { head } else { nil }
    }

    /// Reads bytes that arrive in pieces which end at `ends`, and then whole.
    init(_ bytes: [UInt8], arrivingAt ends: [Int] = [], limits: ServerLimits = ServerLimits()) {
        var parser = HeadParser(limits)
        self = .unfinished
        bytes.withUnsafeBytes { buffer in
            for end in ends + [bytes.count] {
                do throws(Refusal) {
                    let received = UnsafeRawBufferPointer(rebasing: buffer[..<end])
                    guard let parsed = try parser.parse(received, peer: .local) else { continue }
                    self = .read(HeadUnderTest(parsed))
                } catch {
                    self = .refused(error.status, error.error)
                }
                return
            }
        }
    }

    init(_ text: String, limits: ServerLimits = ServerLimits()) { self.init(Array(text.utf8), limits: limits) }
}

/// A head with these lines behind the request line and a Host header.
func head(_ lines: String..., version: String = "1.1") -> String {
    (["POST /hook HTTP/\(version)", "Host: relay"] + lines).map { $0 + "\r\n" }.joined() + "\r\n"
}
