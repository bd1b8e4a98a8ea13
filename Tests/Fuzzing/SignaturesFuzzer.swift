import Delivery

@testable import HTTPServer
@testable import Relay

/// The schemes of headers: a bare signature, one with a prefix, lists, and secrets that are sent themselves.
private struct SchemeUnderTest {
    let scheme: SignatureScheme
    let verifier: Verifier
    /// What a right header has behind its prefix.
    let proof: [UInt8]

    init(_ change: (inout SignatureScheme) -> Void) {
        var scheme = SignatureScheme()
        scheme.header = "x-signature"
        change(&scheme)
        self.scheme = scheme
        verifier = Verifier(VerifySettings(name: "hmac", scheme: .signature(scheme), secrets: [Self.secret]))
        let hash = HMAC.sign(key: Array(Self.secret.utf8), Self.body)
        proof =
            switch (scheme.algorithm, scheme.encoding) {
            case (.none, .base64): Array(Base64.encode(Array(Self.secret.utf8)).utf8)
            case (.none, _): Array(Self.secret.utf8)
            case (_, .base64): Array(Base64.encode(hash).utf8)
            default: Array(Hex.encode(hash).utf8)
            }
    }

    static let secret = "a secret of the sender's"
    static let body = Array(#"{"id":1}"#.utf8)
}

// Owned by the one thread that libFuzzer calls on.
nonisolated(unsafe) private let schemes = [
    SchemeUnderTest { _ in },
    SchemeUnderTest { $0.prefix = "sha256=" },
    SchemeUnderTest { $0.encoding = .base64 },
    SchemeUnderTest { ($0.prefix, $0.separator) = ("v1=", ",") },
    SchemeUnderTest { ($0.prefix, $0.separator, $0.encoding) = ("v1,", " ", .base64) },
    SchemeUnderTest { ($0.algorithm, $0.encoding, $0.prefix) = (.none, .text, "Bearer ") },
    SchemeUnderTest { ($0.algorithm, $0.encoding, $0.prefix) = (.none, .base64, "Basic ") },
]

/// libFuzzer's entry: the first byte says which scheme reads the rest as the value of its header, in which the right proof
/// stands for each `@`. A header without it is refused; the right one alone is taken.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSignatures(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard count > 0, let bytes else { return 0 }
    let under = schemes[Int(bytes[0]) % schemes.count]
    let written = UnsafeBufferPointer(start: bytes + 1, count: count - 1)
    let value = written.flatMap { $0 == UInt8(ascii: "@") ? under.proof : [$0] }
    let head = Array("POST / HTTP/1.1\r\nHost: a\r\nX-Signature: ".utf8) + value + Array("\r\n\r\n".utf8)
    (head + SchemeUnderTest.body).withUnsafeBytes { request in
        var parser = HeadParser(ServerLimits())
        guard let parsed = try? parser.parse(request, peer: .local) else { return }
        let body = UnsafeRawBufferPointer(rebasing: request.suffix(SchemeUnderTest.body.count))
        let isTaken: Bool
        do throws(Verifier.Rejection) {
            try under.verifier.judge(parsed.head, now: 0)
            _ = try under.verifier.check(parsed.head, body: body, now: 0)
            isTaken = true
        } catch {
            isTaken = false
        }
        let isOnce = parsed.head.fields.count == 2
        let isRight = isOnce && written.elementsEqual(Array(under.scheme.prefix.utf8) + [UInt8(ascii: "@")])
        precondition(isTaken || !isRight, "the right proof was refused")
        precondition(!isTaken || written.contains(UInt8(ascii: "@")), "no proof was taken for one")
    }
    return 0
}
