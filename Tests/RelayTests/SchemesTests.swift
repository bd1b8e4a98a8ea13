import EventJSON
import Testing

@testable import HTTPServer
@testable import Relay

/// Every scheme of `verify`, with the vendor's published vectors, or with ones that Python's `hmac` made:
/// `hmac.new(secret, text, hash).hexdigest()`.
struct SchemesTests {
    /// A request that its sender signed.
    struct Vector: CustomTestStringConvertible, Sendable {
        var verify: String
        var headers: [(String, String)]
        var body: String
        /// When it was signed, in milliseconds since 1970; 0 where that does not count.
        var signedAt: Int64 = 0
        var target = "/s"

        var testDescription: String { verify }
    }

    private static let slackBody =
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        + "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        + "&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        + "&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    private static let twilio = #"{"scheme": "twilio", "secret": "12345", "url": "https://mycompany.com/myapp.php"}"#
    private static let form = ("content-type", "application/x-www-form-urlencoded; charset=UTF-8")
    /// Twilio's own example of a signature over a body that is no form, for this query.
    private static let hashedQuery =
        "/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"

    static let vectors = [
        // GitHub, "Validating webhook deliveries".
        Vector(
            verify: #"{"scheme": "github", "secret": "It's a Secret to Everybody"}"#,
            headers: [
                (
                    "X-Hub-Signature-256",
                    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
                )
            ], body: "Hello, World!"),
        // Slack, "Verifying requests from Slack".
        Vector(
            verify: #"{"scheme": "slack", "secret": "8f742231b10e8888abcd99yyyzzz85a5"}"#,
            headers: [
                ("x-slack-request-timestamp", "1531420618"),
                ("x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
            ], body: slackBody, signedAt: 1_531_420_618_000),
        // Twilio's libraries test themselves with these three.
        Vector(
            verify: twilio, headers: [form, ("x-twilio-signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")],
            body: "Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE",
            target: "/myapp.php?foo=1&bar=2"),
        Vector(
            verify: twilio, headers: [form, ("x-twilio-signature", "IK+Dwps556ElfBT0I3Rgjkr1wJU=")],
            body: "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234", target: "/myapp.php?foo=1&bar=2"),
        Vector(
            verify: twilio,
            headers: [("content-type", "application/json"), ("x-twilio-signature", "a9nBmqA0ju/hNViExpshrM61xv4=")],
            body: #"{"property": "value", "boolean": true}"#, target: hashedQuery),
        // From here on by Python.
        Vector(
            verify: #"{"scheme": "stripe", "secret": ["whsec_test_secret"]}"#,
            headers: [
                (
                    "stripe-signature",
                    "t=1492774577,v0=6ffbb59b,v1=799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f"
                )
            ], body: #"{"id":"evt_1"}"#, signedAt: 1_492_774_577_000),
        // While a secret rotates the sender signs with both: the second is ours.
        Vector(
            verify: #"{"scheme": "stripe", "secret": ["another", "old"]}"#,
            headers: [
                (
                    "stripe-signature",
                    "t=1492774577,v1=799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f, "
                        + "v1=78918dc6d04c9f19162cdbbf353adaba0946dba9c6493f53be4fbc626159077a"
                )
            ], body: #"{"id":"evt_1"}"#, signedAt: 1_492_774_577_000),
        Vector(
            verify: #"{"scheme": "paddle", "secret": "pdl_ntfset_secret"}"#,
            headers: [
                (
                    "paddle-signature",
                    "ts=1671552777;h1=bdd93b6940aa2eeae7a296d3fe2216f4449f3f84b374b353cef0038487b63279"
                )
            ], body: #"{"event_id":"evt_1"}"#, signedAt: 1_671_552_777_000),
        Vector(
            verify: #"{"scheme": "pagerduty", "secret": "pd"}"#,
            headers: [
                (
                    "x-pagerduty-signature",
                    "v1=9980eb4a9cb6fbf6270095070e64b0f7d91b42bb33b095799e72df75b14a9907"
                )
            ], body: #"{"event":{}}"#),
        Vector(
            verify: #"{"scheme": "zoom", "secret": "zoomsecret"}"#,
            headers: [
                ("x-zm-request-timestamp", "1654503849"),
                ("x-zm-signature", "v0=fe523358e88298b327b4b25820c7c48c8d9d3a325aad95d1176e62ab1ea0f3da"),
            ], body: #"{"event":"meeting.started"}"#, signedAt: 1_654_503_849_000),
        Vector(
            verify: #"{"scheme": "linear", "secret": "lin_wh"}"#,
            headers: [("linear-signature", "28feffe9ff2aff45e3cebc1f447f3ae78d090de0716fbea5e1a7f9509beb4918")],
            body: #"{"action":"create","webhookTimestamp":1676056940508}"#, signedAt: 1_676_056_940_508),
        Vector(
            verify: #"{"scheme": "shopify", "secret": "hush"}"#,
            headers: [("x-shopify-hmac-sha256", "qBvrsZF7RfB1iS6BX6IHqJTp5L911P7intnPeTPsH0I=")],
            body: #"{"id":820982911946154508}"#),
        Vector(
            verify: """
                {"scheme": "hmac", "secret": "00ff10", "key": "hex", "algorithm": "sha512", "encoding": "base64", \
                "header": "X-Sig", "signed": "${@headers.x-key}|${@headers.x-time}|${@body}", "timestamp": "X-Time"}
                """,
            headers: [
                ("x-key", "k1"), ("x-time", "1700000000"),
                (
                    "x-sig",
                    "mOuOhV3dSdAYCKsBMHhhtM9lvPfQDy3zAdr3/d6rrbh5b8EAe0z57vJAmH1hqDu2ReTVo86G0gezCiRZYonO3g=="
                ),
            ], body: #"{"a": 1}"#, signedAt: 1_700_000_000_000),
        Vector(
            verify: #"{"scheme": "hmac", "secret": "k", "algorithm": "sha1", "header": "x-sig", "prefix": "sha1="}"#,
            headers: [("x-sig", "sha1=CD5DB8AD80A5F76D54CE6D879C8E1C0E1C9C8DCC")], body: "{}"),
        // The secret itself.
        Vector(
            verify: #"{"scheme": "gitlab", "secret": ["new", "tok"]}"#, headers: [("x-gitlab-token", "tok")], body: "{}"
        ),
        Vector(
            verify: #"{"scheme": "bearer", "secret": "tok"}"#, headers: [("authorization", "bearer tok")], body: "{}"),
        Vector(
            verify: #"{"scheme": "bearer", "header": "x-api-key", "prefix": "", "secret": "tok"}"#,
            headers: [("x-api-key", "tok")], body: "{}"),
        Vector(
            verify: #"{"scheme": "basic", "secret": "user:p:w"}"#, headers: [("authorization", "Basic dXNlcjpwOnc=")],
            body: "{}"),
    ]

    @Test(arguments: vectors) func aSignedRequestIsAcceptedAndNothingElseIs(_ vector: Vector) throws {
        let settings = try verifySettings(vector.verify)
        func result(_ body: String, _ headers: [(String, String)], _ settings: VerifySettings) throws -> Bool {
            try checked(body, headers, settings, now: vector.signedAt, target: vector.target).isAccepted
        }
        #expect(try result(vector.body, vector.headers, settings))
        var other = settings
        other.secrets = settings.secrets.map { _ in "30:31" }
        if case .signature(let scheme) = settings.scheme, scheme.key == .hex { other.secrets = ["3031"] }
        #expect(try !result(vector.body, vector.headers, other))
        #expect(try !result(vector.body, [], settings))
        let proof = vector.headers[vector.headers.count - 1]
        let rest = Array(vector.headers.dropLast())
        let hasBody = !["gitlab", "bearer", "basic"].contains(settings.name)
        if hasBody { #expect(try !result(vector.body + "x", vector.headers, settings)) }
        for wrong in [
            "", " ", proof.1 + "0", String(proof.1.dropLast()), "\u{e9}\(proof.1)", "zz",
            String(repeating: "f", count: 64),
        ] {
            #expect(try !result(vector.body, rest + [(proof.0, wrong)], settings), "\(wrong)")
        }
        for (name, value) in vector.headers where name != "content-type" {
            #expect(try !result(vector.body, vector.headers + [(name, value)], settings), "\(name) twice")
            #expect(try !result(vector.body, vector.headers.filter { $0.0 != name }, settings), "without \(name)")
        }
    }

    @Test(arguments: vectors.filter { $0.signedAt > 0 }) func aMomentOfSendingMayBeOffByTheToleranceEitherWay(
        _ vector: Vector
    ) throws {
        let settings = try verifySettings(vector.verify)
        guard case .signature(let scheme) = settings.scheme else { return }
        let tolerance = Int64(scheme.tolerance / .milliseconds(1))
        #expect(tolerance == (settings.name == "linear" ? 60_000 : 300_000))
        let second: Int64 = settings.name == "linear" ? 0 : 999
        for (offset, isAccepted) in [
            (-tolerance - 1, false), (-tolerance, true), (0, true), (tolerance + second, true),
            (tolerance + second + 1, false),
        ] {
            let result = try checked(vector.body, vector.headers, settings, now: vector.signedAt + offset)
            #expect(result.isAccepted == isAccepted, "\(offset)")
        }
    }

    @Test(arguments: ["", "x", "+1531420618", "-1531420618", "1531420618.0", "99999999999999999999", "0x5b"])
    func aMomentThatIsNoNumberIsRefused(_ text: String) throws {
        let settings = try verifySettings(#"{"scheme": "slack", "secret": "s"}"#)
        let headers = [
            ("x-slack-request-timestamp", text), ("x-slack-signature", "v0=" + String(repeating: "0", count: 64)),
        ]
        #expect(try !checked("{}", headers, settings, now: 1_531_420_618_000).isAccepted)
    }

    @Test(arguments: [
        ("voucherify", [("x-voucherify-signature", "00")], false),
        ("voucherify", [("x-voucherify-signature", String(repeating: "0", count: 64))], true),
        ("github", [("x-hub-signature-256", "sha256=zz")], false),
        ("github", [("x-hub-signature-256", "sha256=" + String(repeating: "0", count: 64))], true),
        ("stripe", [("stripe-signature", "t=1699999600,v1=" + String(repeating: "0", count: 64))], false),
        ("stripe", [("stripe-signature", "t=1700000000,v1=" + String(repeating: "0", count: 64))], true),
        // Its moment stands in the body.
        ("linear", [("linear-signature", String(repeating: "0", count: 64))], true),
        ("bearer", [("authorization", "Bearer other")], false), ("bearer", [("authorization", "Bearer s")], true),
    ]) func theBodyIsOnlyReadWhereTheHeadersCouldBeRight(
        _ scheme: String, _ headers: [(String, String)], _ isRead: Bool
    ) throws {
        let verifier = Verifier(try verifySettings("{\"scheme\": \"\(scheme)\", \"secret\": \"s\"}"))
        let judged = try withRequest("", headers) { request in
            (try? verifier.judge(request.head, now: 1_700_000_000_000)) != nil
        }
        #expect(judged == isRead)
    }

    @Test func anotherBodyUnderTheSameURLIsRefused() throws {
        let settings = try verifySettings(Self.twilio)
        let signature = ("x-twilio-signature", "a9nBmqA0ju/hNViExpshrM61xv4=")
        let json = ("content-type", "application/json")
        #expect(
            try checked("{}", [json, signature], settings, target: Self.hashedQuery)
                == .refused("the body is not the one that bodySHA256 was made of"))
        // A form's signature covers no JSON: without its hash in the URL anybody could send some.
        #expect(
            try !checked("{}", [json, ("x-twilio-signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")], settings).isAccepted)
    }

    @Test func theSameMessageAgainIsToldByItsNameOrItsSignature() throws {
        let stripe = try #require(Self.vectors.first { $0.verify.contains("stripe") })
        let settings = try verifySettings(stripe.verify)
        guard
            case .accepted(let first?) = try checked(stripe.body, stripe.headers, settings, now: stripe.signedAt),
            case .accepted(let again?) = try checked(stripe.body, stripe.headers, settings, now: stripe.signedAt + 9)
        else {
            Issue.record("it has a moment")
            return
        }
        #expect(first == again)
        // Behind that moment the signature is too old.
        #expect(first.until == stripe.signedAt + 301_000)
        let github = Self.vectors[0]
        #expect(
            try checked(github.body, github.headers, try verifySettings(github.verify)) == .accepted(nil),
            "nothing says when it was sent")
    }

    @Test(arguments: SchemeTable.names) func whatSendSignsItsSourceAccepts(_ name: String) throws {
        let secret =
            ["standard-webhooks": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "basic": "user:password"][name] ?? "k"
        let more = name == "hmac" ? #","header": "x-s", "signed": "${@headers.x-n}.${@body}", "prefix": "p=""# : ""
        for body in ["json", "form"] {
            if body == "form" && name == "linear" { continue }
            let read = try reading(
                configuration(
                    sources: """
                        {"s": {"path": "/s", "body": "\(body)", "verify": {"scheme": "\(name)", "secret": "\(secret)"\(more)}}}
                        """))
            let source = try #require(read.configuration?.sources[0], "\(read.findings)")
            let now: Int64 = 1_700_000_000_000
            let sample = Sample.body(type: "redemption.succeeded", for: source, now: now)
            let signed = source.sign(sample, now: now, host: "h:1")
            let headers =
                [("host", "h:1"), ("content-type", source.sampleType)] + signed.headers.map { ($0.name, $0.value) }
            let result = try checked(
                String(decoding: sample, as: UTF8.self), headers, try #require(source.verify), now: now,
                target: signed.query.isEmpty ? "/s" : "/s?\(signed.query)")
            #expect(result.isAccepted, "\(body): \(result)")
        }
    }

    @Test(arguments: [
        (#"{"scheme": "hmac", "secret": "k"}"#, "the key `header` is missing"),
        (#"{"scheme": "hmac", "secret": "k", "header": "x s"}"#, "no header's name"),
        (#"{"scheme": "hmac", "secret": "k", "header": "x", "signed": "${@headers.t}"}"#, "the body is not signed"),
        (#"{"scheme": "hmac", "secret": "k", "header": "x", "signed": "${@form}"}"#, "the body is not signed"),
        (#"{"scheme": "hmac", "secret": "k", "header": "x", "signed": "${@what}${@body}"}"#, "unknown placeholder"),
        (#"{"scheme": "hmac", "secret": "k", "header": "x", "signed": "${@body"}"#, "no closing }"),
        (
            #"{"scheme": "hmac", "secret": "k", "header": "x", "signed": "${@part.t}${@body}"}"#,
            "needs a header that is a list"
        ),
        (#"{"scheme": "hmac", "secret": "k", "header": "x", "separator": ", "}"#, "a separator is one character"),
        (#"{"scheme": "hmac", "secret": "k", "header": "x", "encoding": "text"}"#, "not written as text"),
        (#"{"scheme": "hmac", "secret": "xyz", "header": "x", "key": "hex"}"#, "this secret is not hexadecimal"),
        (#"{"scheme": "hmac", "secret": "k", "header": "x", "algorithm": "md5"}"#, "\"md5\" is not known here"),
        (#"{"scheme": "standard-webhooks", "secret": "k"}"#, "this is no Standard Webhooks secret"),
        (#"{"scheme": "basic", "secret": "k"}"#, "this is no name and password"),
        (#"{"scheme": "bearer", "secret": "k", "timestamp": "x-time"}"#, "proves no time"),
        (#"{"scheme": "twilio", "secret": "k", "url": "relay.example.com"}"#, "not the URL of a source"),
        (#"{"scheme": "github", "secret": ""}"#, "a secret can't be empty"),
        (#"{"scheme": "github", "secret": []}"#, "the list has no secret"),
        (#"{"scheme": "github"}"#, "the key `secret` is missing"),
        (#"{"scheme": "githup", "secret": "k"}"#, "there is no scheme \"githup\""),
        (#"{"scheme": "voucherify", "secret": "k", "header": "x"}"#, "unknown key `header`"),
    ]) func aSchemeThatCanNotBeIsAnError(_ verify: String, _ message: String) throws {
        let read = try reading(configuration(sources: #"{"s": {"path": "/s", "verify": \#(verify)}}"#))
        #expect(read.findings.map(\.message).contains { $0.contains(message) }, "\(read.findings.map(\.message))")
        #expect(!read.isUsable)
        #expect(read.findings.allSatisfy { !$0.message.contains("xyz") })
    }

    @Test func theTableIsReadWithoutAFault() {
        #expect(SchemeTable.names.count == 15)
        for name in SchemeTable.names.dropFirst(2) { #expect(SchemeTable.entry(name) != nil) }
    }
}
