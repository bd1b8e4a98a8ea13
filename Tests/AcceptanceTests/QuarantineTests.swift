import EventJSON
import Foundation
import Testing

/// Requests whose signature failed, kept and released.
struct QuarantineTests {
    private static let fileTarget = #"{"f": {"file": {"path": "f.ndjson"}}}"#
    private static let allToFile = #"[{"name": "all", "to": ["f"]}]"#

    private func sources(_ secret: String, scheme: String = "stripe") -> String {
        """
        {"s": {"path": "/s", "on_invalid": "quarantine", "verify": {"scheme": "\(scheme)", "secret": "\(secret)"}}}
        """
    }

    private func relay(_ sources: String) throws -> RelayUnderTest {
        let relay = try RelayUnderTest(sources: sources, targets: Self.fileTarget, routes: Self.allToFile)
        try relay.start()
        return relay
    }

    private func list(_ relay: RelayUnderTest) throws -> [JSONValue] {
        let output = try relay.verb("quarantine", "list", "--json")
        #expect(output.code == 0, "\(output.error)")
        return try output.out.split(separator: "\n").map { try JSONDocument(Array($0.utf8)).root }
    }

    @Test func aRefusedRequestOutlastsAKillAndIsReleasedWhenTheSecretIsMended() throws {
        let relay = try relay(sources("right"))
        let headers = relay.signature(for: Payloads.event(7), at: "/s")
        let reload = { (secret: String) in
            try relay.configure(sources: sources(secret), targets: Self.fileTarget, routes: Self.allToFile)
            #expect(try relay.verb("reload").code == 0)
        }
        try reload("mistyped")
        let refused = try Sender(port: relay.port).post(Payloads.event(7), to: "/s", headers: headers)
        #expect(refused.status == 401)
        #expect(try refused.json()[key: "hint"]?.string?.isEmpty == false)
        relay.kill()
        try relay.start()

        let kept = try list(relay)
        #expect(kept.count == 1)
        #expect(kept.first?[key: "source"]?.string == "s")
        #expect(kept.first?[key: "reason"]?.string == "the signature does not fit")
        let number = try #require(kept.first?[key: "number"]?.integer)
        let shown = try relay.verb("quarantine", "show", "\(number)", "--json")
        #expect(
            try JSONDocument(Array(shown.out.utf8)).root[key: "body"]?.string
                == String(decoding: Payloads.event(7), as: UTF8.self))

        let still = try relay.verb("quarantine", "release", "\(number)")
        #expect(still.code == 1)
        #expect(still.out.contains("still refused: the signature does not fit"))
        #expect(try list(relay).count == 1)

        try reload("right")
        let released = try relay.verb("quarantine", "release", "\(number)")
        #expect(released.code == 0, "\(released.out)")
        #expect(released.out == "\(number): accepted as event 1\n")
        #expect(try list(relay).isEmpty)
        try wait("it is delivered") { try relay.lines("f.ndjson").count == 1 }
        #expect(try relay.verb("quarantine", "release", "\(number)").code == 1)
        // What is accepted is known as accepted.
        #expect(try relay.verb("show", "1").code == 0)
    }

    @Test func aWrongTokenIsKeptAndNotShown() throws {
        let relay = try relay(sources("user:right", scheme: "basic"))
        for headers in [[("authorization", "Basic dXNlcjp3cm9uZw==")], []] {
            let answer = try Sender(port: relay.port).post(Payloads.event(1), to: "/s", headers: headers)
            #expect(answer.status == 401)
            #expect(answer.headers["www-authenticate"]?.hasPrefix("Basic") == true)
        }
        #expect(try relay.post(Payloads.event(2)).status == 202)
        #expect(try list(relay).count == 2)
        let shown = try relay.verb("quarantine", "show", "1")
        #expect(shown.out.contains("(not shown)"))
        #expect(!shown.out.contains("dXNlcjp3cm9uZw"))
        #expect(!relay.log().contains("dXNlcjp3cm9uZw"))
    }

    @Test func manyAreDiscardedOrReleasedByForce() throws {
        let relay = try relay(sources("k", scheme: "github"))
        let sender = Sender(port: relay.port)
        for index in 1...5 {
            #expect(
                try sender.post(Payloads.event(index), to: "/s", headers: [("x-hub-signature-256", "x")]).status == 401)
        }
        #expect(try relay.verb("quarantine", "discard", "1", "2").code == 0)
        #expect(try list(relay).count == 3)
        #expect(try relay.verb("quarantine", "release", "--all").code == 1)
        #expect(try relay.verb("quarantine", "release", "3", "--force").code == 0)
        #expect(try relay.verb("quarantine", "discard", "--all").code == 0)
        #expect(try list(relay).isEmpty)
        #expect(try relay.verb("quarantine").out == "nothing is in quarantine\n")
        try wait("one is delivered") { try relay.lines("f.ndjson").count == 1 }
        for wrong in [["show"], ["release"], ["release", "x"], ["what"], ["discard", "4", "--all"]] {
            let output = try RelayUnderTest.run(
                ["quarantine"] + wrong + ["--config", relay.configurationPath], in: relay.directory)
            #expect([64, 65].contains(output.code), "\(wrong)")
        }
    }

    @Test func aSourceThatKeepsNothingRefusesAndForgets() throws {
        let relay = try relay(#"{"s": {"path": "/s", "verify": {"scheme": "github", "secret": "k"}}}"#)
        #expect(try Sender(port: relay.port).post(Payloads.event(1), to: "/s").status == 401)
        #expect(try list(relay).isEmpty)
    }
}
