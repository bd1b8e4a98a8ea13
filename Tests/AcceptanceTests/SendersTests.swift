import EventJSON
import Foundation
import Synchronization
import Testing

/// Who may send, as a sender meets it.
struct SendersTests {
    private static let fileTarget = #"{"f": {"file": {"path": "f.ndjson"}}}"#
    private static let allToFile = #"[{"name": "all", "to": ["f"]}]"#

    private func relay(_ sources: String, more: String = "", routes: String = allToFile) throws -> RelayUnderTest {
        let relay = try RelayUnderTest(sources: sources, targets: Self.fileTarget, routes: routes, more: more)
        try relay.start()
        return relay
    }

    @Test func sendSignsForEveryScheme() throws {
        let secrets = ["standard-webhooks": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "basic": "user:password"]
        let names = [
            "voucherify", "standard-webhooks", "github", "gitlab", "stripe", "shopify", "slack", "linear", "paddle",
            "pagerduty", "twilio", "zoom", "bearer", "basic",
        ]
        var sources = names.map {
            "\"\($0)\": {\"path\": \"/\($0)\", \"verify\": {\"scheme\": \"\($0)\", \"secret\": \"\(secrets[$0] ?? "k")\"}}"
        }
        sources.append(#""form": {"path": "/form", "body": "form", "verify": {"scheme": "twilio", "secret": "k"}}"#)
        let relay = try relay("{\(sources.joined(separator: ","))}")
        for name in names + ["form"] {
            let sent = try relay.verb("send", "--source", name)
            #expect(sent.code == 0, "\(name): \(sent.out)\(sent.error)")
            #expect(try relay.post(Array("{}".utf8), to: "/\(name)", headers: []).status != 404)
            let bare = try Sender(port: relay.port).post(Array("{}".utf8), to: "/\(name)")
            #expect(bare.status == 401, "\(name)")
            #expect(try bare.json()[key: "error"]?.string?.isEmpty == false)
            #expect(try bare.json()[key: "hint"]?.string?.isEmpty == false)
        }
        try wait("all are written") { try relay.lines("f.ndjson").count >= names.count + 1 }
        #expect(!relay.log().contains("user:password"))
    }

    @Test func aReplayIsAnsweredAsADuplicateAndNothingIsDeliveredTwice() throws {
        let relay = try relay(#"{"s": {"path": "/s", "verify": {"scheme": "stripe", "secret": "k"}}}"#)
        let body = Payloads.event(1)
        let headers = relay.signature(for: body, at: "/s")
        let first = try Sender(port: relay.port).post(body, to: "/s", headers: headers)
        #expect(first.status == 202)
        let again = try Sender(port: relay.port).post(body, to: "/s", headers: headers)
        #expect(again.status == 202)
        #expect(try again.json()[key: "duplicate_of"]?.integer == first.event())
        // It is still known after a restart.
        #expect(relay.stop() == 0)
        try relay.start()
        let late = try Sender(port: relay.port).post(body, to: "/s", headers: headers)
        #expect(try late.json()[key: "duplicate_of"]?.integer == first.event())
        try wait("it is delivered") { try relay.lines("f.ndjson").count == 1 }
        #expect(relay.stop() == 0)
        #expect(try relay.lines("f.ndjson").count == 1)
    }

    @Test func aNumberAndItsTextAreTwoKeys() throws {
        let relay = try relay(#"{"s": {"path": "/s", "dedupe": {"key": "id", "for": "1h"}}}"#)
        for body in [#"{"id": 1}"#, #"{"id": "1"}"#, #"{"id": -5}"#, #"{"id": "-5"}"#] {
            let first = try Sender(port: relay.port).post(Array(body.utf8), to: "/s")
            #expect(try first.json()[key: "duplicate_of"] == nil, "\(body)")
            let again = try Sender(port: relay.port).post(Array(body.utf8), to: "/s")
            #expect(try again.json()[key: "duplicate_of"]?.integer == first.event(), "\(body)")
        }
    }

    @Test func handshakesAreAnswered() throws {
        let relay = try relay(
            """
            {"slack": {"path": "/slack", "challenge": "slack", "verify": {"scheme": "slack", "secret": "k"}},
             "meta": {"path": "/meta", "challenge": {"kind": "meta", "token": "t0k"},
                      "verify": {"scheme": "github", "secret": "k"}},
             "grid": {"path": "/grid", "challenge": "cloudevents", "rate": "2/s"},
             "zoom": {"path": "/zoom", "verify": {"scheme": "zoom", "secret": ["new", "zoomsecret"]}}}
            """)
        let sender = Sender(port: relay.port)
        let slack = try relay.post(Array(#"{"type": "url_verification", "challenge": "3eZbrw1aB"}"#.utf8), to: "/slack")
        #expect(slack.status == 200)
        #expect(String(decoding: slack.body, as: UTF8.self) == "3eZbrw1aB")
        #expect(
            try sender.post(Array(#"{"type": "url_verification", "challenge": "x"}"#.utf8), to: "/slack").status == 401)

        let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
        let meta = try sender.get("/meta?\(query)t0k")
        #expect(meta.status == 200)
        #expect(String(decoding: meta.body, as: UTF8.self) == "1158201444")
        #expect(try sender.get("/meta?\(query)k").status == 403)
        #expect(try sender.get("/meta").status == 400)
        #expect(try sender.get("/slack").status == 405)
        #expect(try sender.get("/grid").headers["allow"] == "POST, OPTIONS")

        let grid = try sender.exchange(
            "OPTIONS /grid HTTP/1.1\r\nhost: x\r\nWebHook-Request-Origin: eventemitter.example.com\r\n"
                + "WebHook-Request-Rate: 1000\r\n\r\n", [])
        #expect(grid.status == 200)
        #expect(grid.headers["webhook-allowed-origin"] == "eventemitter.example.com")
        #expect(grid.headers["webhook-allowed-rate"] == "120")

        // Signed with the second secret, and answered with that one.
        let validation = Array(
            #"{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}"#.utf8)
        try relay.configure(
            sources: #"{"zoom": {"path": "/zoom", "verify": {"scheme": "zoom", "secret": "zoomsecret"}}}"#,
            targets: Self.fileTarget, routes: Self.allToFile)
        let zoom = try relay.post(validation, to: "/zoom")
        #expect(zoom.status == 200)
        #expect(
            try zoom.json()[key: "encryptedToken"]?.string
                == "83b2a60d4bbe49dc93763ed9e727a9a7690cbe4c1f8bb0adc0ffccd09ecb1384")
        #expect(relay.stop() == 0)
        #expect(try relay.lines("f.ndjson").isEmpty, "a handshake is no event")
    }

    @Test func aSenderIsAnsweredAsItsSourceSays() throws {
        let relay = try relay(
            """
            {"s": {"path": "/s", "answer": {"status": 200, "body": "ok"}, "dedupe": {"key": "id", "for": "1h"}},
             "t": {"path": "/t", "answer": {"status": 204}}, "u": {"path": "/u", "answer": {"body": "{\\"ok\\":true}"}}}
            """)
        for _ in 0..<2 {
            let answer = try relay.post(Payloads.event(1))
            #expect(answer.status == 200)
            #expect(String(decoding: answer.body, as: UTF8.self) == "ok")
            #expect(answer.headers["content-type"] == "text/plain; charset=utf-8")
        }
        #expect(try relay.post(Payloads.event(2), to: "/t").status == 204)
        #expect(try relay.post(Payloads.event(3), to: "/u").json()[key: "ok"] != nil)
        #expect(try relay.post(Array("[".utf8)).status == 400, "what is no event is told so")
        try wait("three are written") { try relay.lines("f.ndjson").count == 3 }
    }

    @Test func aRateIsKeptToBySourceAndByAddress() throws {
        let relay = try relay(
            """
            {"s": {"path": "/s", "rate": "3/h", "verify": {"scheme": "github", "secret": "k"}},
             "t": {"path": "/t", "rate": {"per_address": "2/h"}}}
            """, more: #""trusted_proxies": ["127.0.0.0/8"],"#)
        // Strangers use up nothing of the source's rate.
        for _ in 0..<9 { #expect(try Sender(port: relay.port).post(Payloads.event(0), to: "/s").status == 401) }
        for index in 1...3 { #expect(try relay.post(Payloads.event(index)).status == 202) }
        let refused = try relay.post(Payloads.event(4))
        #expect(refused.status == 429)
        #expect(try refused.json()[key: "hint"]?.string?.isEmpty == false)
        #expect((1...1200).contains(Int(refused.headers["retry-after"] ?? "") ?? 0))
        for (client, statuses) in [("192.0.2.1", [202, 202, 429]), ("192.0.2.2", [202]), ("192.0.2.1", [429])] {
            for status in statuses {
                let answer = try relay.post(Payloads.event(9), to: "/t", headers: [("x-forwarded-for", client)])
                #expect(answer.status == status, "\(client)")
            }
        }
    }

    @Test func theAddressBehindATrustedProxyCounts() throws {
        let relay = try relay(
            #"{"s": {"path": "/s", "allow_from": ["voucherify:eu1", "203.0.113.0/24"]}}"#,
            more: #""trusted_proxies": ["127.0.0.1"],"#,
            routes: #"[{"name": "net", "match": {"@client": [{"cidr": "203.0.113.0/24"}]}, "to": ["f"]}]"#)
        func post(_ headers: (String, String)...) throws -> Sender.Answer {
            try relay.post(Payloads.event(1), headers: headers)
        }
        #expect(try post().status == 403)
        #expect(try post(("x-forwarded-for", "203.0.113.9")).json()[key: "routes"]?.array?.count == 1)
        #expect(try post(("x-forwarded-for", "34.247.197.22")).json()[key: "routes"]?.array?.count == 0)
        #expect(try post(("x-forwarded-for", "34.247.197.22, 198.51.100.1")).status == 403)
        #expect(try post(("forwarded", "for=\"[::ffff:203.0.113.9]\"")).status == 202)
        #expect(try post(("forwarded", "for=\"203.0.113.9")).status == 400)
        #expect(try post(("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "198.51.100.1")).status == 400)
        // 404 before 403, and 403 before 405.
        #expect(try Sender(port: relay.port).get("/nowhere").status == 404)
        #expect(try Sender(port: relay.port).get("/s").status == 403)
    }

    @Test func aCodedBodyIsDecodedAndPassedOnPlain() throws {
        let relay = try relay(
            """
            {"s": {"path": "/s"}, "v": {"path": "/v", "verify": {"scheme": "voucherify", "secret": "k"}},
             "g": {"path": "/g", "verify": {"scheme": "github", "secret": "k"}}}
            """, more: #""limits": {"body": "64KiB"},"#)
        let body = Array(#"{"id": "coded"}"#.utf8)
        let coded = try gzip(body)
        let coding = ("content-encoding", "gzip")
        #expect(try relay.post(coded, headers: [coding]).status == 202)
        for path in ["/v", "/g"] {
            let signed = relay.signature(for: body, at: path)
            let sender = Sender(port: relay.port)
            #expect(try sender.post(coded, to: path, headers: signed + [coding]).status == 202, "over the plain body")
            #expect(try sender.post(try gzip(body + [0x20]), to: "/g", headers: signed + [coding]).status == 401)
        }
        #expect(try relay.post(coded, to: "/g", headers: [coding]).status == 202, "over the bytes as sent")
        #expect(try relay.post(coded, headers: [("content-encoding", "br")]).status == 415)
        #expect(try relay.post(body, headers: [coding]).status == 400)
        #expect(try relay.post(try gzip([UInt8](repeating: 0x20, count: 50 << 20)), headers: [coding]).status == 413)
        #expect(try relay.post(try gzip([UInt8](repeating: 0x20, count: 64 << 10)), headers: [coding]).status == 400)
        try wait("four are written") { try relay.lines("f.ndjson").count == 4 }
        for line in try relay.lines("f.ndjson") { #expect(line[key: "id"]?.string == "coded") }
    }

    private func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        let name = NSTemporaryDirectory() + "hookswitch-\(UUID().uuidString)"
        try Data(bytes).write(to: URL(fileURLWithPath: name))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["-n", name]
        try process.run()
        process.waitUntilExit()
        defer { try? FileManager.default.removeItem(atPath: name + ".gz") }
        return Array(try Data(contentsOf: URL(fileURLWithPath: name + ".gz")))
    }

    @Test func aFormsFieldsAreMatchedAndTheFormIsKeptAsItCame() throws {
        let relay = try RelayUnderTest(
            sources: #"{"s": {"path": "/s", "body": "form"}}"#,
            targets: #"{"f": {"file": {"path": "${kind}.ndjson"}}}"#,
            routes: #"[{"name": "b", "match": {"kind": ["b"], "tag": ["y"]}, "to": ["f"]}]"#)
        try relay.start()
        func post(_ body: String, _ type: String = "application/x-www-form-urlencoded") throws -> Sender.Answer {
            try Sender(port: relay.port).exchange(
                "POST /s HTTP/1.1\r\nhost: x\r\ncontent-type: \(type)\r\ncontent-length: \(body.utf8.count)\r\n\r\n",
                Array(body.utf8))
        }
        let taken = try post("kind=b&tag=x&tag=y&text=a+%26+b")
        #expect(try taken.json()[key: "routes"]?.array?.count == 1)
        #expect(try post("kind=a&tag=y").json()[key: "routes"]?.array?.count == 0)
        #expect(try post("{}", "application/json").status == 400)
        #expect(try post(String(repeating: "a&", count: 1001)).status == 400)
        try wait("it is written") { try relay.lines("b.ndjson").count == 1 }
        #expect(try relay.lines("b.ndjson")[0][key: "text"]?.string == "a & b")
        let shown = try relay.verb("show", "1", "--json")
        #expect(shown.out.contains("kind=b&tag=x&tag=y&text=a+%26+b"))
    }

    /// The old secret stays in the list until the sender has changed to the new one: at no moment is a request refused.
    @Test func aSecretIsRotatedUnderLoadAndNoRequestIsLost() throws {
        func sources(_ secrets: String...) -> String {
            #"{"s": {"path": "/s", "verify": {"scheme": "github", "secret": ["\#(secrets.joined(separator: #"", ""#))"]}}}"#
        }
        let relay = try relay(sources("old"))
        let port = relay.port
        let isOver = Atomic(false)
        let secret = Mutex("old")
        let results = Mutex((sent: 0, refused: [Int]()))
        let done = DispatchGroup()
        let signatures = Mutex<[String: [(String, String)]]>([:])
        let body = Payloads.event(1)
        for name in ["old", "new"] {
            try relay.configure(sources: sources(name), targets: Self.fileTarget, routes: Self.allToFile)
            let headers = relay.signature(for: body, at: "/s")
            signatures.withLock { $0[name] = headers }
        }
        for _ in 0..<4 {
            Thread.detachNewThread {
                done.enter()
                let sender = Sender(port: port)
                while !isOver.load(ordering: .relaxed) {
                    let name = secret.withLock { $0 }
                    let headers = signatures.withLock { $0[name] ?? [] }
                    let status = (try? sender.post(body, to: "/s", headers: headers).status) ?? 0
                    results.withLock {
                        $0.sent += 1
                        if status != 202 { $0.refused.append(status) }
                    }
                }
                done.leave()
            }
        }
        func reload(_ secrets: String...) throws {
            let before = relay.log().components(separatedBy: "is in force").count
            let text = secrets.count == 1 ? sources(secrets[0]) : sources(secrets[0], secrets[1])
            try relay.configure(sources: text, targets: Self.fileTarget, routes: Self.allToFile)
            relay.signal(SIGHUP)
            try wait("it is in force") { relay.log().components(separatedBy: "is in force").count > before }
            let sent = results.withLock { $0.sent }
            try wait("requests have come by it") { results.withLock { $0.sent } >= sent + 50 }
        }
        for _ in 0..<3 {
            try reload("new", "old")
            secret.withLock { $0 = "new" }
            // A request signed with the old one may still be under way.
            let sent = results.withLock { $0.sent }
            try wait("all senders have changed") { results.withLock { $0.sent } >= sent + 50 }
            try reload("new")
            try reload("old", "new")
            secret.withLock { $0 = "old" }
            let changed = results.withLock { $0.sent }
            try wait("all senders have changed back") { results.withLock { $0.sent } >= changed + 50 }
        }
        isOver.store(true, ordering: .relaxed)
        done.wait()
        #expect(results.withLock { $0.refused } == [])
        #expect(results.withLock { $0.sent } > 500)
    }
}
