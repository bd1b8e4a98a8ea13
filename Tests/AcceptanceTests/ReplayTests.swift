import EventJSON
import Foundation
import Testing

/// `hookswitch replay`: events of the past, to targets again, as a job.
struct ReplayTests {
    private func relay(_ receiver: Receiver) throws -> RelayUnderTest {
        try RelayUnderTest(
            targets: """
                {"crm": {"http": {"url": "\(receiver.url("/crm"))"}},
                 "new": {"http": {"url": "\(receiver.url("/new"))"}}}
                """,
            routes: #"[{"name": "all", "to": ["crm"]}]"#)
    }

    private func post(_ count: Int, to relay: RelayUnderTest) throws {
        for index in 1...count {
            let type = index % 2 == 0 ? "order.paid" : "order.created"
            #expect(try relay.post(Array("{\"type\":\"\(type)\",\"n\":\(index)}".utf8)).status == 202)
        }
    }

    private func jobs(_ relay: RelayUnderTest) throws -> [JSONValue] {
        try relay.verb("replay", "list", "--json").out.split(separator: "\n").map {
            try JSONDocument(Array($0.utf8)).root
        }
    }

    @Test func eventsThatAPatternTakesGoToAnyTargetWithTheirOwnWebhookID() throws {
        let receiver = Receiver()
        let relay = try relay(receiver)
        try relay.start()
        try post(20, to: relay)
        try wait("all have come") { receiver.requests("/crm").count == 20 }
        let pattern = #"{"type": ["order.paid"], "@source": ["s"]}"#
        let foreseen = try relay.verb("replay", "--since", "1h", "--match", pattern, "--to", "new", "--dry-run")
        #expect(foreseen.out == "10 events would be sent, of 20\n")
        #expect(try relay.verb("replay", "--since", "1h", "--match", pattern, "--to", "new").code == 0)
        try wait("ten come again") { receiver.requests("/new").count == 10 }
        try wait("the job is done") { try jobs(relay).last?[key: "state"]?.string == "done" }
        #expect(try jobs(relay).last?[key: "handed_over"]?.integer == 10)
        let before = Dictionary(receiver.requests("/crm").map { ($0.body, $0.headers["webhook-id"]) }) { one, _ in one }
        for request in receiver.requests("/new") {
            #expect(String(decoding: request.body, as: UTF8.self).contains("order.paid"))
            #expect(request.headers["webhook-id"] == before[request.body])
        }
        #expect(try relay.verb("show", "2").out.contains("new"))
    }

    @Test func aReplayGoesOnOverRestartsAndCanBePausedAndCancelled() throws {
        let receiver = Receiver()
        let relay = try relay(receiver)
        try relay.start()
        try post(60, to: relay)
        try wait("all have come") { receiver.requests("/crm").count == 60 }
        #expect(try relay.verb("replay", "--since", "1h", "--to", "new", "--rate", "20/s").code == 0)
        try wait("some have come") { receiver.requests("/new").count >= 5 }
        #expect(try relay.verb("replay", "pause", "1").out.contains("paused"))
        relay.kill()
        try relay.start()
        #expect(try jobs(relay).first?[key: "state"]?.string == "paused")
        let cursor = try #require(try jobs(relay).first?[key: "cursor"]?.integer)
        #expect(cursor >= 5)
        #expect(cursor < 60)
        #expect(try relay.verb("replay", "resume", "1").code == 0)
        try wait("it is done") { try jobs(relay).first?[key: "state"]?.string == "done" }
        try wait("all have come") { Set(receiver.requests("/new").map(\.body)).count == 60 }
        #expect(try relay.verb("replay", "--since", "1h", "--to", "new", "--rate", "1/m").code == 0)
        #expect(try relay.verb("replay", "cancel", "2").out.contains("cancelled"))
        #expect(try relay.verb("replay", "resume", "2").out.contains("cancelled"), "what is over stays so")
    }

    @Test func whatCannotBeReplayedIsSaid() throws {
        let receiver = Receiver()
        let relay = try relay(receiver)
        try relay.start()
        #expect(try relay.verb("replay", "--since", "1h").code == 64)
        let unknown = try relay.verb("replay", "--since", "1h", "--to", "nev")
        #expect(unknown.code == 1)
        #expect(unknown.error.contains("did you mean \"new\""))
        #expect(try relay.verb("replay", "--since", "soon", "--to", "new").error.contains("no moment"))
        let pattern = try relay.verb("replay", "--since", "1h", "--to", "new", "--match", #"{"@client": ["::1"]}"#)
        #expect(pattern.code == 65)
        #expect(pattern.error.contains("is not kept with an event"))
        #expect(try relay.verb("replay", "pause", "7").error.contains("there is no replay 7"))
    }
}
