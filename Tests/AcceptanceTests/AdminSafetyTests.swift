import EventJSON
import Testing

/// What keeps strangers, and strangers' web pages, off the operators' listener.
struct AdminSafetyTests {
    private static let files = #"{"f": {"file": {"path": "out.ndjson"}}}"#
    private static let token = "t0ken-of-the-operators"

    private func relay(withToken: Bool) throws -> RelayUnderTest {
        let relay = try RelayUnderTest(
            targets: AdminSafetyTests.files, routes: #"[{"name": "r", "to": ["f"]}]"#,
            more: withToken ? #""admin_token": "\#(AdminSafetyTests.token)","# : "")
        try relay.start()
        return relay
    }

    private func ask(
        _ relay: RelayUnderTest, _ line: String, host: String = "localhost", _ headers: [String: String] = [:],
        _ body: String = ""
    ) throws -> Sender.Answer {
        var head = "\(line) HTTP/1.1\r\nhost: \(host)\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty { head += "content-length: \(body.utf8.count)\r\n" }
        return try Sender(port: relay.admin).exchange(head + "\r\n", Array(body.utf8))
    }

    @Test func aNameThatWasReboundToLoopbackIsRefused() throws {
        let relay = try relay(withToken: false)
        for host in [
            "evil.example", "evil.example:\(relay.admin)", "localhost.evil.example", "127.0.0.1.evil.example",
        ] {
            for path in ["/", "/api/v1/status", "/api/v1/audit", "/metrics"] {
                #expect(try ask(relay, "GET \(path)", host: host).status == 403, "\(host) \(path)")
            }
        }
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:\(relay.admin)", "127.9.9.9", "[::1]:8081"] {
            #expect(try ask(relay, "GET /api/v1/status", host: host).status == 200, "\(host)")
        }
    }

    @Test func aPageOfAnotherOriginChangesNothing() throws {
        let relay = try relay(withToken: false)
        let pause = #"{"targets": ["f"]}"#
        for headers in [
            ["origin": "https://evil.example"], ["origin": "null"], ["origin": "http://localhost.evil.example"],
            ["sec-fetch-site": "cross-site"], ["sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"],
        ] {
            #expect(try ask(relay, "POST /api/v1/pause", headers, pause).status == 403, "\(headers)")
        }
        // A form sends no JSON, but nothing hangs on that.
        let form = ["origin": "https://evil.example", "content-type": "text/plain"]
        #expect(try ask(relay, "POST /api/v1/pause", form, pause).status == 403)
        #expect(try ask(relay, "GET /api/v1/status", ["sec-fetch-site": "cross-site"]).status == 403)
        #expect(try ask(relay, "GET /", ["sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"]).status == 200)
        let own = ["origin": "http://localhost", "sec-fetch-site": "same-origin"]
        #expect(try ask(relay, "POST /api/v1/pause", own, pause).status == 200)
        #expect(try ask(relay, "POST /api/v1/resume", [:], pause).status == 200)
    }

    @Test func withATokenNothingIsToldWithoutIt() throws {
        let relay = try relay(withToken: true)
        for path in ["/api/v1/status", "/api/v1/events/1", "/api/v1/configuration", "/metrics"] {
            for headers in [
                [:], ["authorization": "Bearer wrong"], ["authorization": "Basic \(AdminSafetyTests.token)"],
                ["authorization": "Bearer \(AdminSafetyTests.token)x"], ["cookie": "hookswitch_session=1.2"],
                ["cookie": "hookswitch_session=\(AdminSafetyTests.token)"],
            ] as [[String: String]] {
                #expect(try ask(relay, "GET \(path)", headers).status == 401, "\(path) \(headers)")
            }
            let right = ["authorization": "Bearer \(AdminSafetyTests.token)"]
            #expect(try ask(relay, "GET \(path)", host: "relay.example", right).status != 401)
        }
        #expect(try ask(relay, "GET /healthz").status == 200)
        let page = try ask(relay, "GET /")
        #expect(page.status == 303)
        #expect(page.headers["location"] == "/login")
    }

    @Test func aBrowserLogsInAndOut() throws {
        let relay = try relay(withToken: true)
        #expect(try String(decoding: ask(relay, "GET /login").body, as: UTF8.self).contains("<label"))
        let wrong = try ask(relay, "POST /login", [:], "token=wrong")
        #expect(wrong.status == 401)
        #expect(wrong.headers["set-cookie"] == nil)
        let foreign = ["origin": "https://evil.example"]
        #expect(try ask(relay, "POST /login", foreign, "token=\(AdminSafetyTests.token)").status == 403)
        let right = try ask(relay, "POST /login", ["origin": "http://localhost"], "token=\(AdminSafetyTests.token)")
        #expect(right.status == 303)
        let cookie = try #require(right.headers["set-cookie"])
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"))
        #expect(!cookie.contains(AdminSafetyTests.token))
        let pass = String(cookie.prefix { $0 != ";" })
        #expect(try ask(relay, "GET /", ["cookie": "a=b; \(pass)"]).status == 200)
        #expect(try ask(relay, "GET /api/v1/status", ["cookie": pass]).status == 200)
        // A pass is not one for a longer time than it was given for.
        let forged = pass.replacing("hookswitch_session=", with: "hookswitch_session=1")
        #expect(try ask(relay, "GET /api/v1/status", ["cookie": forged]).status == 401)
        #expect(
            try ask(relay, "POST /api/v1/resume", ["cookie": pass, "origin": "http://evil.example"], "{}").status == 403
        )
        let out = try ask(relay, "POST /logout", ["cookie": pass, "origin": "http://localhost"])
        #expect(out.headers["set-cookie"]?.contains("Max-Age=0") == true)
        let behindTLS = try ask(
            relay, "POST /login", ["origin": "https://localhost"], "token=\(AdminSafetyTests.token)")
        #expect(behindTLS.headers["set-cookie"]?.contains("Secure") == true)
    }

    @Test func wrongTokensAreNotGuessedForEver() throws {
        let relay = try relay(withToken: true)
        let answers = try (0..<60).map { try ask(relay, "POST /login", [:], "token=\($0)").status }
        #expect(answers.contains(429))
    }

    @Test func everyAnswerIsSafeToShowAndNothingComesFromElsewhere() throws {
        let relay = try relay(withToken: false)
        for path in ["/", "/login", "/console.css", "/console.js", "/api/v1/status", "/nowhere", "/metrics"] {
            let answer = try ask(relay, "GET \(path)")
            let policy = try #require(answer.headers["content-security-policy"])
            #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"))
            #expect(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"))
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(answer.headers["cache-control"] == "no-store")
            #expect(answer.headers["access-control-allow-origin"] == nil)
        }
        let page = String(decoding: try ask(relay, "GET /").body, as: UTF8.self)
        for fault in ["http://", "https://", "style=", "onclick=", "<script>"] { #expect(!page.contains(fault)) }
    }

    @Test func faultsAreProblemDetails() throws {
        let relay = try relay(withToken: false)
        for (line, status) in [("GET /nowhere", 404), ("DELETE /api/v1/status", 405), ("GET /api/v1/events/x", 400)] {
            let answer = try ask(relay, line)
            #expect(answer.status == status)
            #expect(answer.headers["content-type"] == "application/problem+json")
            #expect(try answer.json()[key: "status"]?.integer == status)
            #expect(try answer.json()[key: "detail"]?.string?.isEmpty == false)
        }
    }
}
