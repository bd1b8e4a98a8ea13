import Testing

@testable import HTTPServer
@testable import Relay

/// Who may send: signatures over the bytes as they came.
struct SendersTests {
    private func isAccepted(
        _ body: String, _ headers: [(String, String)], _ settings: VerifySettings, now: Int64 = 0
    ) throws -> Bool {
        try checked(body, headers, settings, now: now).isAccepted
    }

    /// Voucherify's published vectors, key `secretKey`.
    static let published: [(String, String)] = [
        (#"{"a":1}"#, "a17d2ac229d1ebbb5f10e839c7985c4818e5986eab297f7e5979196d4d7d3ed2"),
        ("{\n  \"a\" :\t1\r\n}", "a17d2ac229d1ebbb5f10e839c7985c4818e5986eab297f7e5979196d4d7d3ed2"),
        (#"{"a\"b":1}"#, "f7cf97814a03146abedb9793f56e1dec34f618f82d10395310d053f749483ffb"),
        ("  message  ", "53ff92957e1427ce23ad5bda9d0c5f2f4ff384d0806b83eeacb510c842d3a358"),
    ]

    @Test(arguments: published) func aPublishedVectorOfVoucherifyIsAccepted(_ body: String, _ signature: String) throws
    {
        let settings = VerifySettings(name: "voucherify", scheme: .voucherify, secrets: ["secretKey"])
        #expect(try isAccepted(body, [("X-Voucherify-Signature", signature)], settings))
        #expect(try !isAccepted(body + "x", [("x-voucherify-signature", signature)], settings))
        #expect(try !isAccepted(body, [("x-voucherify-signature", signature.uppercased())], settings))
        #expect(try !isAccepted(body, [("x-voucherify-signature", String(signature.dropLast(2)))], settings))
        #expect(try !isAccepted(body, [], settings))
        let twice = [("x-voucherify-signature", signature), ("x-voucherify-signature", signature)]
        #expect(try !isAccepted(body, twice, settings))
    }

    @Test func whileSecretsRotateEachOfThemIsAccepted() throws {
        let settings = VerifySettings(name: "voucherify", scheme: .voucherify, secrets: ["new", "secretKey"])
        #expect(try isAccepted(Self.published[0].0, [("x-voucherify-signature", Self.published[0].1)], settings))
        let other = VerifySettings(name: "voucherify", scheme: .voucherify, secrets: ["new"])
        #expect(try !isAccepted(Self.published[0].0, [("x-voucherify-signature", Self.published[0].1)], other))
    }

    /// The example of the Standard Webhooks specification and its libraries.
    @Test func aStandardWebhooksSignatureIsAcceptedWithinFiveMinutes() throws {
        let settings = try verifySettings(
            #"{"scheme": "standard-webhooks", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}"#)
        let body = #"{"test": 2432232314}"#
        func headers(_ timestamp: String, _ signature: String) -> [(String, String)] {
            [
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"), ("webhook-timestamp", timestamp),
                ("webhook-signature", signature),
            ]
        }
        let right = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        let now: Int64 = 1_614_265_330_000
        #expect(try isAccepted(body, headers("1614265330", "v1a,x v1,AAAA \(right)"), settings, now: now + 299_000))
        #expect(try !isAccepted(body, headers("1614265330", right), settings, now: now + 301_000))
        #expect(try !isAccepted(body, headers("1614265331", right), settings, now: now))
        // A timestamp that no clock shows must not end the process.
        #expect(try !isAccepted(body, headers("-9223372036854775808", right), settings, now: now))
    }

    @Test(arguments: ["", " ", "{", "\"", "\"\\", "{\"a b\\\\\" : \"\\\" \" } ", "  x  ", "[ 1 , \"é \\n\" ]\t"])
    func whiteSpaceOutsideStringsIsFoundAsASlowReaderFindsIt(_ text: String) {
        var expected: [UInt8] = []
        var inString = false
        var escaped = false
        for byte in text.utf8 {
            if !inString && (byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D) { continue }
            if escaped {
                escaped = false
            } else if inString && byte == 0x5C {
                escaped = true
            } else if byte == 0x22 {
                inString.toggle()
            }
            expected.append(byte)
        }
        let bytes = Array(text.utf8)
        let kept = bytes.withUnsafeBytes { body in
            var kept: [UInt8] = []
            var start = 0
            var runs = WhiteSpace(body)
            while let run = runs.next() {
                kept += body[start..<run.lowerBound]
                start = run.upperBound
            }
            return kept + body[start...]
        }
        #expect(kept == expected)
    }
}
