import Foundation
import Testing

/// A target that asked to be left alone.
struct HoldTests {
    @Test func aRetryAfterHoldsTheWholeTargetAlsoOverARestart() throws {
        let seconds = 6.0
        let receiver = Receiver { _, earlier in
            earlier == 0 ? .held(seconds: Int(seconds)) : .answer(200)
        }
        let relay = try RelayUnderTest(
            targets: "{\"t\": {\"http\": {\"url\": \"\(receiver.url("/t"))\"}}}",
            routes: #"[{"name": "all", "to": ["t"]}]"#)
        try relay.start()
        #expect(try relay.post(Array(#"{"n":1}"#.utf8)).status == 202)
        try wait("it is held") { try !relay.lines("spool/audit.ndjson").isEmpty }
        let heldAt = Date()
        // What is remembered is written soon.
        try wait("the hold is noted") {
            let status = try Sender(port: relay.admin).get("/api/v1/targets").json()
            return String(describing: status).contains("held_seconds")
        }
        #expect(relay.stop() == 0)
        try relay.start()
        #expect(try relay.post(Array(#"{"n":2}"#.utf8)).status == 202)
        try wait("both are delivered") { receiver.requests.count == 3 }
        #expect(Date().timeIntervalSince(heldAt) > seconds - 1)
    }
}
