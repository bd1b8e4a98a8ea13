import Foundation
import Testing

/// A target's address may be a secret: it is sent to, and seen nowhere.
struct SecretURLTests {
    @Test func aSecretOfAURLIsInNoRecordNoAnswerAndNoLog() throws {
        let receiver = Receiver { request, earlier in
            request.path.hasPrefix("/gone") ? .answer(410) : earlier == 0 ? .garbage : .answer(200)
        }
        let relay = try RelayUnderTest(
            targets: """
                {"a": {"http": {"url": "http://u:h1dden-pass@127.0.0.1:\(receiver.port)/in/${env:PART}?key=${env:KEY}&n=${n}"},
                 "retry": \(RelayUnderTest.quickRetry)},
                 "b": {"http": {"url": "${env:WHOLE}"}},
                 "c": {"http": {"url": "http://127.0.0.1:1/${env:KEY}"}, "retry": {"attempts": 1}}}
                """,
            routes: #"[{"name": "all", "to": ["a", "b", "c"]}]"#)
        try relay.start(environment: [
            "PART": "h1dden-part", "KEY": "h1dden-key", "WHOLE": receiver.url("/gone/h1dden-path?sig=h1dden-sig"),
        ])
        #expect(try relay.post(Array(#"{"n":7}"#.utf8)).status == 202)
        try wait("all three have come to their end") {
            let lines = try relay.lines("spool/audit.ndjson").filter { $0[key: "status"]?.string != "RETRYING" }
            return lines.count == 3
        }
        let paths = receiver.requests.map(\.path)
        #expect(paths.contains("/in/h1dden-part?key=h1dden-key&n=7"))
        #expect(paths.contains("/gone/h1dden-path?sig=h1dden-sig"))
        let places = Set(try relay.lines("spool/audit.ndjson").compactMap { $0[key: "target_url"]?.string })
        #expect(
            places == [
                "http://127.0.0.1:\(receiver.port)/in/•••?key=•••&n=7", "http://127.0.0.1:\(receiver.port)/•••",
                "http://127.0.0.1:1/•••",
            ])
        var seen = ["audit.ndjson", "failures.ndjson"].map {
            (try? String(contentsOfFile: relay.spool + "/" + $0, encoding: .utf8)) ?? ""
        }
        seen.append(relay.log())
        for verb in [["status", "--json"], ["failures", "--json"], ["show", "1", "--json"], ["audit", "--json"]] {
            seen.append(
                try RelayUnderTest.run(verb + ["--config", relay.configurationPath], in: relay.directory).out)
        }
        for path in ["/api/v1/targets", "/api/v1/configuration", "/metrics", "/api/v1/status"] {
            seen.append(String(decoding: try Sender(port: relay.admin).get(path).body, as: UTF8.self))
        }
        for text in seen { #expect(!text.contains("h1dden"), "\(text.prefix(2000))") }
    }
}
