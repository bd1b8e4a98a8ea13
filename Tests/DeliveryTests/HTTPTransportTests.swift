import EventJSON
import Spool
import Synchronization
import Testing

@testable import Delivery

struct HTTPTransportTests {
    /// A transport with its loop, and an endpoint that it delivers to.
    final class HTTPUnderTest: Reporting {
        let endpoint: HTTPEndpoint
        let reports = Reports()
        let transport: HTTPTransport
        private let loop: TransferLoop

        init(
            path: String = "/hooks", url: String? = nil, options: DeliveryOptions = .plain(),
            _ change: (inout HTTPTargetSettings) throws -> Void = { _ in },
            settings: (inout TargetSettings) throws -> Void = { _ in },
            _ react: @escaping @Sendable (HTTPEndpoint.Request, Int) -> HTTPEndpoint.Reaction
        ) throws {
            endpoint = HTTPEndpoint(react)
            loop = try #require(TransferLoop.started())
            var target = try TargetSettings.http(url ?? endpoint.url(path), change)
            target.timeout = .seconds(600)
            try settings(&target)
            transport = try #require(HTTPTransport(target, loop: loop, options: options, sink: reports.sink))
        }

        deinit {
            loop.submit(.stop)
            endpoint.close()
        }

        /// Makes one attempt; how it ended is the answer.
        func deliver(_ attempt: Attempt) async throws -> AttemptEnding {
            transport.start([attempt])
            return try await reports.ending(of: attempt.event.number)
        }

        /// Makes one attempt; the request that came of it is the answer.
        func request(_ attempt: Attempt) async throws -> HTTPEndpoint.Request {
            _ = try await deliver(attempt)
            return try #require(endpoint.requests.last)
        }
    }

    @Test func anAnswerIsReportedWithItsStatusAndBody() async throws {
        let under = try HTTPUnderTest { _, _ in .answer(200, body: "thanks") }
        let ending = try await under.deliver(.of())
        #expect(ending == .answered(.init(status: 200, body: Array("thanks".utf8))))
        #expect(under.reports.all.first?.place == under.endpoint.url())
    }

    @Test func a500IsAnAnswerAndTheNextAttemptGoesOverTheSameConnection() async throws {
        // For longer than without it: the test may have to wait for a processor.
        let keep = ["Keep-Alive: timeout=60"]
        let under = try HTTPUnderTest { _, before in
            before == 0 ? .answer(500, fields: keep, body: "oh") : .answer(200, fields: keep)
        }
        #expect(try await under.deliver(.of(1)).answer?.status == 500)
        #expect(try await under.deliver(.of(2)).answer?.status == 200)
        #expect(under.endpoint.connections == 1)
    }

    @Test func theBodyArrivesByteForByte() async throws {
        let under = try HTTPUnderTest { _, _ in .answer(200) }
        let attempt = Attempt.of(bytes: (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
        let request = try await under.request(attempt)
        #expect(request.line == "POST /hooks HTTP/1.1")
        #expect(request.body == attempt.event.body)
        #expect(request["expect"] == nil)
        #expect(request["transfer-encoding"] == nil)
    }

    @Test func anEmptyBodyIsSentAsOne() async throws {
        let under = try HTTPUnderTest { _, _ in .answer(200) }
        let request = try await under.request(.of(body: ""))
        #expect(request["content-length"] == "0")
        #expect(request.body == [])
    }

    @Test func everyAttemptCarriesTheRelaysHeadersAndTheSenders() async throws {
        let under = try HTTPUnderTest { _, _ in .answer(200) }
        let request = try await under.request(
            .of(number: 3) {
                $0.headers = [
                    .init(name: "content-type", value: "application/json; charset=utf-8"),
                    .init(name: "x-voucherify-signature", value: "5f3a"), .init(name: "x-empty", value: ""),
                ]
            })
        #expect(request["webhook-id"] == "msg_1042")
        #expect(request["webhook-timestamp"] == "1767225600")
        #expect(request["webhook-attempt"] == "3")
        #expect(request["user-agent"] == "hookswitch/test")
        #expect(request["x-voucherify-signature"] == "5f3a")
        #expect(request["content-type"] == "application/json; charset=utf-8")
        #expect(request["x-empty"] == "")
        #expect(request.values("webhook-signature") == [])
    }

    @Test func aBodyWithoutATypeIsNotGivenOne() async throws {
        let under = try HTTPUnderTest { _, _ in .answer(200) }
        #expect(try await under.request(.of()).values("content-type") == [])
    }

    @Test func configuredHeadersStandInsteadOfTheRelaysOwn() async throws {
        let under = try HTTPUnderTest(
            {
                $0.headers = [
                    ("Authorization", try Template(parsing: "Bearer ${type}")),
                    ("User-Agent", Template(literal: "mine/1")), ("Content-Type", Template(literal: "text/x")),
                ]
            }
        ) { _, _ in .answer(200) }
        let request = try await under.request(
            .of(body: #"{"type":"a\r\nx-evil: 1"}"#) {
                $0.headers = [.init(name: "content-type", value: "application/json")]
            })
        #expect(request["authorization"] == "Bearer a  x-evil: 1")
        #expect(request["user-agent"] == "mine/1")
        #expect(request["content-type"] == "text/x")
        #expect(request.values("x-evil") == [])
    }

    /// The example of the Standard Webhooks specification's own libraries.
    @Test func aSignedRequestIsWhatStandardWebhooksVerifies() async throws {
        let key = try #require(Base64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let under = try HTTPUnderTest({ $0.signingKeys = [key, [1]] }) { _, _ in .answer(200) }
        let request = try await under.request(
            .of(body: #"{"test": 2432232314}"#, at: 1_614_265_330_999) {
                $0.webhookID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
            })
        #expect(request["webhook-timestamp"] == "1614265330")
        let signatures = request["webhook-signature"]?.split(separator: " ") ?? []
        #expect(signatures.first == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(signatures.count == 2 && signatures[1].hasPrefix("v1,"))
    }

    @Test func aTemplateIsTheBodyThatIsSentAndSigned() async throws {
        let under = try HTTPUnderTest(
            { $0.signingKeys = [[1]] },
            settings: {
                $0.body = JSONTemplate(.object([("kind", .template(try Template(parsing: "${type}")))]))
            }
        ) { _, _ in .answer(200) }
        let request = try await under.request(
            .of {
                $0.headers = [
                    .init(name: "content-type", value: "text/plain"), .init(name: "content-encoding", value: "gzip"),
                ]
            })
        let body = #"{"kind":"redemption.succeeded"}"#
        #expect(String(decoding: request.body, as: UTF8.self) == body)
        #expect(request["content-type"] == "application/json")
        #expect(request["content-encoding"] == nil)
        let message = "\(request["webhook-id"] ?? "").\(request["webhook-timestamp"] ?? "").\(body)"
        #expect(
            request["webhook-signature"] == "v1," + Base64.encode(Digest.hmac(key: [1], Array(message.utf8))))
    }

    @Test func theSendersTraceGoesOnAndAnEventWithoutGetsOne() async throws {
        let under = try HTTPUnderTest { _, _ in .answer(200) }
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let passed = try await under.request(.of(1) { $0.headers = [.init(name: "traceparent", value: trace)] })
        #expect(passed["traceparent"] == trace)
        let first = try await under.request(.of(2, number: 1))["traceparent"] ?? ""
        let second = try await under.request(.of(4, number: 2) { $0.webhookID = "msg_2" })["traceparent"] ?? ""
        #expect(TraceContext.isValid(first) && TraceContext.isValid(second))
        #expect(first != second)
        #expect(first.prefix(35) == second.prefix(35))
        let repaired = try await under.request(.of(3) { $0.headers = [.init(name: "traceparent", value: "zz-1-2-3")] })
        #expect(TraceContext.isValid(repaired["traceparent"] ?? ""))
    }

    @Test func anAddressThatIsDeniedIsNotConnectedTo() async throws {
        let under = try HTTPUnderTest({
            $0.connection.guardedAddresses.denied = [.init(bits: 0xFFFF_7F00_0000, prefix: 104)]
        }) { _, _ in .answer(200) }
        #expect(
            try await under.deliver(.of())
                == .broken(
                    reason: "address denied: 127.0.0.1 is among those that are not connected to (http.deny)"))
        #expect(under.endpoint.connections == 0)
    }

    @Test(arguments: ["http://169.254.169.254/latest/meta-data/", "http://[::ffff:a9fe:a9fe]/", "http://2852039166/"])
    func theCloudsMetadataIsDeniedHoweverItsAddressIsWritten(url: String) async throws {
        let under = try HTTPUnderTest(url: url) { _, _ in .hang }
        guard case .broken(let reason, _) = try await under.deliver(.of()) else {
            Issue.record("it was connected to")
            return
        }
        #expect(reason.hasPrefix("address denied: 169.254.169.254"))
    }

    @Test func aNameThatThereIsNotIsAFaultOfDNS() async throws {
        let under = try HTTPUnderTest(url: "http://no-such-name.invalid/") { _, _ in .hang }
        guard case .broken(let reason, _) = try await under.deliver(.of()) else {
            Issue.record("no fault")
            return
        }
        #expect(reason.hasPrefix("DNS: "))
    }

    @Test func aBodyThatComesTooSlowlyIsATimeoutReadingTheAnswer() async throws {
        let under = try HTTPUnderTest(settings: { $0.timeout = .milliseconds(150) }) { _, _ in
            .stall("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
        }
        guard case .broken(let reason, _) = try await under.deliver(.of()) else {
            Issue.record("half an answer was taken for a whole one")
            return
        }
        #expect(reason.hasPrefix("timeout reading the answer"))
    }

    @Test func aSocketIsReachedByItsPath() async throws {
        let directory = TemporaryDirectory()
        let endpoint = HTTPEndpoint(socketPath: directory.path + "/app.sock") { _, _ in .answer(200) }
        defer { endpoint.close() }
        let under = try HTTPUnderTest(
            url: "http://localhost/hooks/${type}", { $0.connection.socket = directory.path + "/app.sock" }
        ) { _, _ in .hang }
        #expect(try await under.deliver(.of()).answer?.status == 200)
        #expect(endpoint.requests.first?.line == "POST /hooks/redemption.succeeded HTTP/1.1")
        #expect(endpoint.requests.first?["host"] == "localhost")
        #expect(under.reports.all.first?.place == "unix:\(directory.path)/app.sock:/hooks/redemption.succeeded")
    }

    @Test func aSocketThatThereIsNotIsAFault() async throws {
        let under = try HTTPUnderTest(url: "http://localhost/", { $0.connection.socket = "/nowhere/app.sock" }) {
            _, _ in
            .hang
        }
        guard case .broken(let reason, _) = try await under.deliver(.of()) else {
            Issue.record("no fault")
            return
        }
        #expect(reason.hasPrefix("no such socket"))
    }

    @Test func aProxyIsAskedForTheURL() async throws {
        let proxy = HTTPEndpoint { _, _ in .answer(200) }
        defer { proxy.close() }
        let under = try HTTPUnderTest(
            url: "http://crm.invalid/hooks",
            { $0.connection.proxy = "http://me:secret@127.0.0.1:\(proxy.port)" }
        ) { _, _ in .hang }
        let ending = try await under.deliver(.of())
        #expect(ending.answer?.status == 200)
        #expect(proxy.requests.first?.line == "POST http://crm.invalid/hooks HTTP/1.1")
        #expect(proxy.requests.first?["proxy-authorization"] == "Basic " + Base64.encode(Array("me:secret".utf8)))
    }

    @Test func aProxyThatRefusesOurCredentialsIsA407() async throws {
        let proxy = HTTPEndpoint { _, _ in .answer(407) }
        defer { proxy.close() }
        let under = try HTTPUnderTest(
            url: "https://crm.invalid/hooks", { $0.connection.proxy = "http://127.0.0.1:\(proxy.port)" }
        ) { _, _ in .hang }
        #expect(try await under.deliver(.of()).answer?.status == 407)
        #expect(proxy.requests.first?.line == "CONNECT crm.invalid:443 HTTP/1.1")
    }

    @Test func aSecondTargetsConnectionIsSetUpItsOwnWay() async throws {
        let loop = try #require(TransferLoop.started())
        defer { loop.submit(.stop) }
        let endpoint = HTTPEndpoint { _, _ in .answer(200) }
        defer { endpoint.close() }
        let proxy = HTTPEndpoint { _, _ in .answer(202) }
        defer { proxy.close() }
        let (one, other) = (Reports(), Reports())
        let direct = try #require(
            HTTPTransport(try .http(endpoint.url()), loop: loop, options: .plain(), sink: one.sink))
        let proxied = try #require(
            HTTPTransport(
                try .http(endpoint.url()) { $0.connection.proxy = "http://127.0.0.1:\(proxy.port)" }, loop: loop,
                options: .plain(), sink: other.sink))
        for number in 1...3 {
            let event = EventNumber(rawValue: UInt64(number))
            direct.start([.of(event)])
            #expect(try await one.ending(of: event).answer?.status == 200)
            proxied.start([.of(event)])
            #expect(try await other.ending(of: event).answer?.status == 202)
        }
    }

    @Test func aValueFillsItsPlaceInTheURLAndLeavesItNot() async throws {
        let under = try HTTPUnderTest(path: "/hooks/${a}/${b}?q=${c}") { _, _ in .answer(200) }
        let request = try await under.request(.of(body: #"{"a":"../x","b":"..","c":"1&admin=1 #é"}"#))
        #expect(request.line == "POST /hooks/..%2Fx/%2E%2E?q=1%26admin%3D1%20%23%C3%A9 HTTP/1.1")
    }

    @Test func anEventThatIsNoJSONIsUnfitForATargetWithPlaceholders() async throws {
        let under = try HTTPUnderTest(path: "/${a}") { _, _ in .answer(200) }
        guard case .unfit = try await under.deliver(.of(body: "a=b")) else {
            Issue.record("it was sent")
            return
        }
        #expect(under.endpoint.requests.isEmpty)
    }

    @Test(arguments: ["PUT", "PATCH", "DELETE", "GET"]) func anotherMethodHasTheBodyTheSame(method: String) async throws
    {
        let under = try HTTPUnderTest({ $0.method = method }) { _, _ in .answer(200) }
        let request = try await under.request(.of())
        #expect(request.line == "\(method) /hooks HTTP/1.1")
        #expect(request.body == Array(#"{"type":"redemption.succeeded"}"#.utf8))
    }

    @Test func credentialsInTheURLAreSentAndNotShown() async throws {
        let endpoint = HTTPEndpoint { _, _ in .answer(200) }
        defer { endpoint.close() }
        let under = try HTTPUnderTest(url: "http://user:pa%20ss@127.0.0.1:\(endpoint.port)/x") { _, _ in .answer(200) }
        _ = try await under.deliver(.of())
        #expect(endpoint.requests.first?["authorization"] == "Basic " + Base64.encode(Array("user:pa ss".utf8)))
        #expect(under.reports.all.first?.place == "http://127.0.0.1:\(endpoint.port)/x")
    }

    @Test func aRedirectIsNotFollowed() async throws {
        let under = try HTTPUnderTest { _, _ in .answer(307, fields: ["Location: http://127.0.0.1:1/other"]) }
        let ending = try await under.deliver(.of())
        #expect(ending.answer?.status == 307)
        #expect(ending.answer?.location == "http://127.0.0.1:1/other")
        #expect(under.endpoint.requests.count == 1)
    }

    @Test(arguments: ["Retry-After: 120", "retry-after:120", "RETRY-AFTER: \t120 "])
    func retryAfterIsReadFromTheAnswer(field: String) async throws {
        let under = try HTTPUnderTest { _, _ in .answer(503, fields: ["retry-afterwards: 7", field]) }
        #expect(try await under.deliver(.of()).answer?.retryAfter == .seconds(120))
    }

    @Test func whatOneAnswerSaidIsForgottenAtTheNext() async throws {
        let under = try HTTPUnderTest { _, before in
            before == 0 ? .answer(503, fields: ["retry-after: 9", "location: /x"], body: "busy") : .answer(503)
        }
        _ = try await under.deliver(.of(1))
        #expect(try await under.deliver(.of(2)).answer == .init(status: 503))
    }

    @Test func anEndpointThatHangsIsATimeout() async throws {
        let under = try HTTPUnderTest(settings: { $0.timeout = .milliseconds(150) }) { _, _ in .hang }
        guard case .broken(let reason, _) = try await under.deliver(.of()) else {
            Issue.record("no timeout")
            return
        }
        #expect(reason.hasPrefix("timeout waiting for the answer"))
    }

    @Test func aHandshakeThatIsNeverAnsweredIsATimeoutToo() async throws {
        let endpoint = HTTPEndpoint { _, _ in .hang }
        defer { endpoint.close() }
        let under = try HTTPUnderTest(
            url: "https://127.0.0.1:\(endpoint.port)/", settings: { $0.timeout = .milliseconds(150) }
        ) { _, _ in .hang }
        guard case .broken(let reason, _) = try await under.deliver(.of()) else {
            Issue.record("no timeout")
            return
        }
        #expect(reason.hasPrefix("timeout in the TLS handshake"))
    }

    @Test func halfAnAnswerIsAFault() async throws {
        let under = try HTTPUnderTest { _, _ in .raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf") }
        guard case .broken(let reason, _) = try await under.deliver(.of()) else {
            Issue.record("half an answer was taken for a whole one")
            return
        }
        #expect(reason.hasPrefix("the answer was cut off"))
    }

    @Test func aConnectionThatIsResetIsAFault() async throws {
        let under = try HTTPUnderTest { _, _ in .reset }
        guard case .broken(let reason, _) = try await under.deliver(.of()) else {
            Issue.record("no fault")
            return
        }
        #expect(reason.hasPrefix("connection reset"))
    }

    @Test(arguments: ["\u{0}\u{1}\u{2}garbage", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/9.9 foo bar\r\n\r\n", ""])
    func anAnswerThatIsNotHTTPIsAFault(bytes: String) async throws {
        let under = try HTTPUnderTest { _, _ in .raw(bytes) }
        guard case .broken = try await under.deliver(.of()) else {
            Issue.record("it was taken for an answer")
            return
        }
    }

    @Test func headersWithoutEndAreAFault() async throws {
        let under = try HTTPUnderTest { _, _ in
            .raw(
                "HTTP/1.1 200 OK\r\n" + String(repeating: "x-a: \(String(repeating: "a", count: 1000))\r\n", count: 40))
        }
        guard case .broken(let reason, _) = try await under.deliver(.of()) else {
            Issue.record("no fault")
            return
        }
        #expect(reason == "the answer's headers are over 16 KiB")
    }

    @Test func nobodyListeningIsAFault() async throws {
        let under = try HTTPUnderTest(url: "http://127.0.0.1:1/") { _, _ in .hang }
        guard case .broken(let reason, _) = try await under.deliver(.of()) else {
            Issue.record("no fault")
            return
        }
        #expect(reason.hasPrefix("connection refused"))
    }

    @Test func otherSchemesThanHTTPAreNotSpoken() async throws {
        let under = try HTTPUnderTest(url: "file:///etc/hostname") { _, _ in .hang }
        guard case .broken(let reason, _) = try await under.deliver(.of()) else {
            Issue.record("a file was read")
            return
        }
        #expect(reason.hasPrefix("no request can be made of this URL"))
    }

    @Test func anAnswerOf64MiBIsCutAndItsFirstKiBKept() async throws {
        let under = try HTTPUnderTest { _, _ in .flood(64 << 20) }
        let answer = try #require(try await under.deliver(.of()).answer)
        #expect(answer.status == 200)
        #expect(answer.body == Array("begin".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 1019))
        // What the two sockets hold may have been sent, not more.
        #expect(under.endpoint.flooded < 16 << 20)
    }

    @Test func manyAttemptsGoAtOnceAndEachIsReportedOnce() async throws {
        let under = try HTTPUnderTest { request, _ in
            .answer(200, body: request["webhook-id"] ?? "")
        }
        under.transport.start((1...200).map { .of(EventNumber(rawValue: $0)) })
        let reports = try await under.wait(for: 200)
        #expect(Set(reports.map(\.event)).count == 200)
        for report in reports {
            #expect(report.ending.answer.map { String(decoding: $0.body, as: UTF8.self) } == "msg_\(report.event)")
        }
    }

    @Test func oneThatHangsHoldsUpNoOther() async throws {
        let under = try HTTPUnderTest { request, _ in request["webhook-id"] == "msg_1" ? .hang : .answer(200) }
        under.transport.start((1...20).map { .of(EventNumber(rawValue: $0)) })
        let reports = try await under.wait(for: 19)
        #expect(!reports.contains { $0.event == 1 })
    }

    @Test func cancelledAttemptsAreReportedAsNotMade() async throws {
        let under = try HTTPUnderTest { _, _ in .hang }
        under.transport.start([.of(1), .of(2)])
        try await eventually("both requests") { under.endpoint.requests.count == 2 }
        under.transport.cancel()
        let reports = try await under.wait(for: 2)
        #expect(reports.allSatisfy { $0.ending == .cancelled })
    }

    @Test func aCancelOfOneTargetLeavesTheOthersAlone() async throws {
        let loop = try #require(TransferLoop.started())
        defer { loop.submit(.stop) }
        let endpoint = HTTPEndpoint { request, _ in request.line.contains("/a") ? .hang : .answer(200) }
        defer { endpoint.close() }
        let (one, other) = (Reports(), Reports())
        let hanging = try #require(
            HTTPTransport(try .http(endpoint.url("/a")), loop: loop, options: .plain(), sink: one.sink))
        let working = try #require(
            HTTPTransport(try .http(endpoint.url("/b")), loop: loop, options: .plain(), sink: other.sink))
        hanging.start([.of(1)])
        hanging.cancel()
        working.start([.of(2)])
        #expect(try await one.ending(of: 1) == .cancelled)
        #expect(try await other.ending(of: 2).answer?.status == 200)
    }

    @Test func aConnectionOnWhichAnAnswerSaysCloseIsNotUsedAgain() async throws {
        let under = try HTTPUnderTest { _, _ in .answer(200, fields: ["Connection: close"]) }
        #expect(try await under.deliver(.of(1)).answer?.status == 200)
        #expect(try await under.deliver(.of(2)).answer?.status == 200)
        #expect(under.endpoint.connections == 2)
    }

    @Test func aURLThatLibcurlWouldChangeOrSignIsLeftToIt() {
        let settings = ConnectionSettings()
        func goesOutAsItStands(_ url: String) -> Bool {
            PlainEndpoint(url, settings)?.reached(by: Array(url.utf8)) != nil
        }
        for url in ["http://h/", "http://h", "http://h:8080/a/b?c=d", "http://[::1]:80/x", "http://h/%2E%2E/x"] {
            #expect(goesOutAsItStands(url), "\(url)")
        }
        for url in [
            "https://h/", "http://u:p@h/", "http://h/a/../b", "http://h/./b", "http://h/a#b", "http://h?a=b",
            "http://é/",
            "http://h/é", "http:///x", "HTTP://h/",
        ] { #expect(!goesOutAsItStands(url), "\(url)") }
        var proxied = settings
        proxied.proxy = "http://p:1"
        #expect(PlainEndpoint("http://h/", proxied) == nil)
    }

    @Test func newSettingsHoldFromTheNextAttemptOn() async throws {
        let under = try HTTPUnderTest { _, _ in .answer(200) }
        _ = try await under.deliver(.of(1))
        under.transport.update(try .http(under.endpoint.url("/new")))
        _ = try await under.deliver(.of(2))
        #expect(under.endpoint.requests.map(\.line) == ["POST /hooks HTTP/1.1", "POST /new HTTP/1.1"])
    }
}
