import EventJSON
import Foundation
import Testing

/// `pause`, `resume`, `drop` and `move`: what operators do to a target's whole queue.
struct QueueVerbsTests {
    private static let routes = #"[{"name": "all", "to": ["crm"]}]"#

    private func relay(_ receiver: Receiver, more: String = "") throws -> RelayUnderTest {
        try RelayUnderTest(
            targets: """
                {"crm": {"http": {"url": "\(receiver.url("/crm"))"}\(more)},
                 "spare": {"http": {"url": "\(receiver.url("/spare"))"}}}
                """, routes: Self.routes)
    }

    private func target(_ name: String, of relay: RelayUnderTest) throws -> JSONValue? {
        try JSONDocument(Array(relay.verb("status", "--json").out.utf8)).root[key: "targets"]?[key: name]
    }

    @Test func aPauseByVerbHoldsOverARestartUntilItIsResumed() throws {
        let receiver = Receiver()
        let relay = try relay(receiver)
        try relay.start()
        let foreseen = try relay.verb("pause", "crm", "--dry-run")
        #expect(foreseen.out == "crm: would be: paused (0 deliveries)\n")
        #expect(try target("crm", of: relay)?[key: "paused"]?.isTrue == false)
        #expect(try relay.verb("pause", "crm").out == "crm: paused (0 deliveries)\n")
        #expect(try relay.verb("pause", "crm").out.contains("was paused already"))
        for index in 1...3 { #expect(try relay.post(Payloads.event(index)).status == 202) }
        relay.kill()
        try relay.start()
        #expect(try target("crm", of: relay)?[key: "paused"]?.isTrue == true)
        try wait("three wait") { try target("crm", of: relay)?[key: "waiting"]?.integer == 3 }
        #expect(receiver.requests("/crm").isEmpty)
        #expect(try relay.verb("resume", "crm").code == 0)
        try wait("all have come") { receiver.requests("/crm").count == 3 }
        #expect(try relay.verb("resume", "crm").out.contains("was not paused"))
        let unknown = try relay.verb("pause", "crn")
        #expect(unknown.code == 1)
        #expect(unknown.error.contains("did you mean \"crm\""))
        #expect(try relay.verb("pause").code == 64)
    }

    @Test func statusTellsTheConfiguredConcurrencyAndShowWhatWasErased() throws {
        let relay = try RelayUnderTest(
            targets: """
                {"crm": {"file": {"path": "f"}},
                 "batch": {"http": {"url": "http://127.0.0.1:9/"}, "batch": {}}}
                """,
            routes: Self.routes)
        try relay.start()
        #expect(try relay.post(Payloads.event(1)).status == 202)
        try wait("it is delivered") { try target("crm", of: relay)?[key: "succeeded"]?.integer == 1 }
        #expect(try target("crm", of: relay)?[key: "concurrency"]?.integer == 1)
        #expect(try target("batch", of: relay)?[key: "concurrency"]?.integer == 16)
        #expect(try relay.verb("spool", "erase", "1").code == 0)
        let shown = try relay.verb("show", "1")
        // A stream has nothing left of it.
        #expect(EventPlace.isDirectory ? shown.out.hasSuffix("\n(erased)\n") : shown.error.contains("no longer"))
    }

    @Test func aDropAsksFirstAndLeavesOneLineInTheAuditLog() throws {
        let receiver = Receiver()
        let relay = try relay(receiver, more: #", "paused": true"#)
        try relay.start()
        for index in 1...5 { #expect(try relay.post(Payloads.event(index)).status == 202) }
        try wait("five wait") { try target("crm", of: relay)?[key: "waiting"]?.integer == 5 }
        let unasked = try relay.verb("drop", "crm")
        #expect(unasked.code == 64)
        #expect(unasked.error.contains("5 deliveries"))
        #expect(try relay.verb("drop", "crm", "--dry-run").out == "crm: would be dropped (5 deliveries)\n")
        #expect(try target("crm", of: relay)?[key: "waiting"]?.integer == 5)
        #expect(try relay.verb("drop", "crm", "--yes").out == "crm: dropped (5 deliveries)\n")
        #expect(try relay.verb("drop", "crm", "--yes").out == "crm: nothing waits (0 deliveries)\n")
        if EventPlace.isDirectory {
            let failures = try relay.lines("spool/failures.ndjson")
            #expect(failures.compactMap { $0[key: "delivery"]?.string } == (1...5).map { "\($0)/crm" })
            #expect(failures.allSatisfy { $0[key: "error"]?.string == "dropped by hand" })
            #expect(failures[0][key: "retry"]?.string == "hookswitch retry 1/crm")
            #expect(failures[0][key: "webhook_id"]?.string != nil)
            let again = try relay.verb("retry", "--failed", "--since", "1h", "--dry-run")
            #expect(again.out.contains("5 would be sent again, 5 of them later"))
        }
        try wait("the line is there") { try relay.lines("spool/audit.ndjson").count == 1 }
        let line = try relay.lines("spool/audit.ndjson")[0]
        #expect(line[key: "target"]?.string == "crm")
        #expect(line[key: "error"]?.string == "dropped by hand: 5 deliveries of the events 1 to 5")
        relay.kill()
        try relay.start()
        #expect(try target("crm", of: relay)?[key: "waiting"]?.integer == 0)
        #expect(try relay.verb("resume", "crm").code == 0)
        #expect(try relay.post(Payloads.event(6)).status == 202)
        try wait("only the new one comes") { receiver.requests("/crm").count == 1 }
        #expect(try relay.verb("retry", "2/crm").code == 0)
        try wait("one dropped by mistake can be sent") { receiver.requests("/crm").count == 2 }
    }

    @Test(.directoryOnly("`hookswitch move` is not there where the spool is a cluster"))
    func whatATargetLeftBehindThatIsGoneCanBeMovedToAnother() throws {
        let receiver = Receiver()
        let relay = try relay(receiver, more: #", "paused": true"#)
        try relay.start()
        for index in 1...4 { #expect(try relay.post(Payloads.event(index)).status == 202) }
        try relay.configure(
            targets: #"{"spare": {"http": {"url": "\#(receiver.url("/spare"))"}}}"#,
            routes: #"[{"name": "all", "to": ["spare"]}]"#)
        #expect(try relay.verb("reload").code == 0)
        try wait("it is shown as orphaned") { try target("crm", of: relay)?[key: "orphaned"]?.isTrue == true }
        #expect(try target("crm", of: relay)?[key: "waiting"]?.integer == 4)
        #expect(try relay.verb("pause", "crm").error.contains("is not configured"))
        #expect(try relay.verb("move", "crm", "nowhere").code == 1)
        #expect(try relay.verb("move", "crm", "spare", "--dry-run").out.contains("would be moved to spare (4"))
        #expect(try relay.verb("move", "crm", "spare").out == "crm: moved to spare (4 deliveries)\n")
        try wait("all have come") { receiver.requests("/spare").count == 4 }
        #expect(Set(receiver.requests("/spare").compactMap { $0.headers["webhook-id"] }).count == 4)
        #expect(try target("crm", of: relay) == nil)
    }

    @Test func aRetryCanBeSeenBeforehand() throws {
        let receiver = Receiver { _, earlier in .answer(earlier < 2 ? 410 : 200) }
        let relay = try relay(receiver)
        try relay.start()
        for index in 1...2 { #expect(try relay.post(Payloads.event(index)).status == 202) }
        try wait("both have failed") { try target("crm", of: relay)?[key: "failed"]?.integer == 2 }
        #expect(try relay.verb("retry", "--failed", "--dry-run").out.contains("2 would be sent again"))
        #expect(try relay.verb("retry", "1/crm", "--dry-run").out == "1/crm: would be sent again\n")
        #expect(try relay.verb("retry", "1/spare", "--dry-run").code == 1)
        #expect(receiver.requests("/crm").count == 2)
        let ids = Set(receiver.requests("/crm").compactMap { $0.headers["webhook-id"] })
        #expect(try relay.verb("retry", "--failed").out.contains("2 sent again"))
        try wait("both come again") { receiver.requests("/crm").count == 4 }
        #expect(Set(receiver.requests("/crm").compactMap { $0.headers["webhook-id"] }) == ids)
    }
}
