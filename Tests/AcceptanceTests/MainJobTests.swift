import EventJSON
import Foundation
import Testing

/// The whole way of an event: posted over a socket, and compared at an endpoint, in a file and on a command's standard input.
struct MainJobTests {
    private func relay(_ receiver: Receiver) throws -> RelayUnderTest {
        let relay = try RelayUnderTest(
            sources: RelayUnderTest.voucherifySource,
            targets: """
                {"web": {"http": {"url": "\(receiver.url("/web"))"}},
                 "file": {"file": {"path": "out/all.ndjson"}},
                 "command": {"command": {"shell": "cat > event-$HOOKSWITCH_EVENT"}},
                 "api": {"http": {"url": "\(receiver.url("/api"))"}}}
                """,
            routes: """
                [{"name": "all", "to": ["web", "file", "command"]},
                 {"name": "api", "match": {"event": {"event_source": {"channel": ["API"]}}}, "to": ["api", "web"]},
                 {"name": "off", "active": false, "to": ["api"]}]
                """)
        try relay.start()
        return relay
    }

    @Test func everyPayloadArrivesByteForByteAtThreeKindsOfTargets() throws {
        let receiver = Receiver()
        let relay = try relay(receiver)
        let bodies = try Payloads.all()
        #expect(bodies.count == 46)
        var numbers: [Int] = []
        for body in bodies {
            let answer = try relay.post(body, to: "/voucherify")
            #expect(answer.status == 202)
            numbers.append(try answer.event())
        }
        #expect(numbers == Array(1...46))
        try wait("everything has arrived") {
            receiver.bodies("/web").count == 46
                && (try? relay.lines("out/all.ndjson").count) == 46
                && numbers.allSatisfy { relay.file("event-\($0)")?.isEmpty == false }
        }
        #expect(Set(receiver.bodies("/web")) == Set(bodies))
        for (number, body) in zip(numbers, bodies) {
            try wait("the command has had all of it") { relay.file("event-\(number)")?.count == body.count }
            #expect(relay.file("event-\(number)") == body)
        }
        let compact = Set(bodies.map(CompactJSON.compacted))
        let lines = relay.file("out/all.ndjson")?.split(separator: 0x0A).map(Array.init) ?? []
        #expect(Set(lines) == compact)
        // The sender's own signature goes with the bytes, so that a target can check it again.
        for request in receiver.requests("/web") {
            let expected = relay.signature(for: request.body, at: "/voucherify").first?.1
            #expect(request.headers["x-voucherify-signature"] == expected)
        }
        #expect(Set(receiver.requests("/web").compactMap { $0.headers["webhook-id"] }).count == 46)
        let channels = try bodies.filter { body in
            try JSONDocument(body).root[key: "event"]?[key: "event_source"]?[key: "channel"]?.string == "API"
        }
        #expect(Set(receiver.bodies("/api")) == Set(channels))
    }

    @Test func anAnswerNamesTheEventItsRoutesAndItsTargetsOnce() throws {
        let receiver = Receiver()
        let relay = try relay(receiver)
        let answer = try relay.post(Payloads.event(1), to: "/voucherify")
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(text == #"{"event":1,"routes":["all","api"],"targets":["web","file","command","api"]}"#)
        #expect(answer.headers["content-type"] == "application/json")
    }

    @Test func whatCannotBeTakenIsRefusedWithAReason() throws {
        let receiver = Receiver()
        let relay = try relay(receiver)
        let event = Payloads.event(1)
        let former = Array(
            #"{"id":"e","object":"event","webhook_id":"w","project_id":"p","created_at":"2020-01-01","type":"t","data":{},"metadata":{}}"#
                .utf8)
        let refused: [(Int, Sender.Answer)] = [
            (400, try relay.post(Array(#"{"a":"#.utf8), to: "/voucherify")),
            (400, try relay.post(Array("[1]".utf8), to: "/voucherify")),
            (401, try Sender(port: relay.port).post(event, to: "/voucherify")),
            (
                401,
                try Sender(port: relay.port).post(
                    event, to: "/voucherify", headers: [("x-voucherify-signature", String(repeating: "0", count: 64))])
            ),
            (404, try relay.post(event, to: "/nope")),
            (405, try Sender(port: relay.port).get("/voucherify")),
            (413, try relay.post(Payloads.event(1, padding: 2 << 20), to: "/voucherify")),
            (415, try relay.post(event, to: "/voucherify", headers: [("content-encoding", "br")])),
            (422, try relay.post(Array(#"{"id":"x","type":1}"#.utf8), to: "/voucherify")),
            (422, try relay.post(former, to: "/voucherify")),
        ]
        for (status, answer) in refused {
            #expect(answer.status == status)
            #expect(try answer.json()[key: "error"]?.string?.isEmpty == false)
            #expect(try answer.json()[key: "hint"]?.string != nil)
        }
        #expect(refused[5].1.headers["allow"] == "POST")
        let faults = try refused[8].1.json()[key: "faults"]?.array?.compactMap(\.string) ?? []
        #expect(faults.count == 6)
        #expect(try refused[9].1.json()[key: "error"]?.string?.contains("v2018-08-01") == true)
        #expect(try relay.post(event, to: "/voucherify").event() == 1)
    }

    @Test func aDeliveryGivenUpIsOneLineAndCanBeSentAgain() throws {
        let receiver = Receiver { request, earlier in
            request.path == "/dead" && earlier < 3 ? .answer(500, body: Array("no".utf8)) : .answer(200)
        }
        let relay = try RelayUnderTest(
            targets: """
                {"dead": {"http": {"url": "\(receiver.url("/dead"))"}, "retry": \(RelayUnderTest.quickRetry)}}
                """, routes: #"[{"name": "all", "to": ["dead"]}]"#)
        try relay.start()
        _ = try relay.post(Payloads.event(7, type: "voucher.created"))
        try wait("the delivery is given up") { try relay.lines("spool/failures.ndjson").count == 1 }
        let line = try relay.lines("spool/failures.ndjson")[0]
        #expect(
            line.members?.map(\.key) == [
                "status", "type", "webhook_id", "source", "source_object", "channel", "target", "target_url",
                "request_id", "event_created_at", "executed_at", "delivery", "attempt", "duration_ms", "error",
                "response", "retry",
            ])
        #expect(line[key: "status"]?.string == "FAILED")
        #expect(line[key: "webhook_id"]?.string == "whs_7")
        #expect(line[key: "request_id"]?.string == "v-7")
        #expect(line[key: "attempt"]?.integer == 3)
        #expect(line[key: "response"]?[key: "body"]?.string == "no")
        #expect(line[key: "retry"]?.string == "hookswitch retry 1/dead")
        let attempts = receiver.requests("/dead").map { $0.headers["webhook-attempt"] ?? "" }
        #expect(attempts == ["1", "2", "3"])
        #expect(try relay.verb("retry", "1/dead").code == 0)
        try wait("it is sent again") { receiver.requests("/dead").count == 4 }
        #expect(Set(receiver.requests("/dead").compactMap { $0.headers["webhook-id"] }).count == 1)
        // A retry by hand begins the schedule anew.
        #expect(receiver.requests("/dead")[3].headers["webhook-attempt"] == "1")
    }
}

extension RelayUnderTest {
    /// A file's bytes in the relay's directory.
    func file(_ path: String) -> [UInt8]? {
        (try? Data(contentsOf: URL(fileURLWithPath: directory + "/" + path))).map(Array.init)
    }
}
