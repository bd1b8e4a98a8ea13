import EventJSON
import Foundation
import Testing

/// `on_failure`: targets that get the record of a delivery given up.
struct OnFailureTests {
    @Test func theRecordGoesToTheTargetsOwnOrElseToTheTopLevelOnes() throws {
        let receiver = Receiver { request, _ in .answer(request.path == "/down" || request.path == "/mute" ? 410 : 200)
        }
        let relay = try RelayUnderTest(
            targets: """
                {"down": {"http": {"url": "\(receiver.url("/down"))"}},
                 "mute": {"http": {"url": "\(receiver.url("/mute"))"}, "on_failure": []},
                 "pager": {"http": {"url": "\(receiver.url("/pager"))"}}}
                """,
            routes: #"[{"name": "all", "to": ["down", "mute"]}]"#, more: #""on_failure": ["pager"],"#)
        #expect(!(try relay.verb("check").error.contains("no route names the target \"pager\"")))
        try relay.start()
        for index in 1...3 { #expect(try relay.post(Payloads.event(index)).status == 202) }
        try wait("the records have come") { receiver.requests("/pager").count == 3 }
        try wait("all have failed") { try relay.lines("spool/failures.ndjson").count == 6 }
        let written = try String(contentsOfFile: relay.spool + "/failures.ndjson", encoding: .utf8)
        for request in receiver.requests("/pager") {
            #expect(written.contains(String(decoding: request.body, as: UTF8.self)), "it is the very line")
            #expect(request.headers["content-type"] == "application/json")
        }
        #expect(Set(receiver.requests("/pager").compactMap { $0.headers["webhook-id"] }).count == 3)
    }

    @Test func aFailureTargetThatFailsMakesNoLoop() throws {
        let receiver = Receiver { _, _ in .answer(410) }
        let relay = try RelayUnderTest(
            targets: #"{"crm": {"http": {"url": "\#(receiver.url("/crm"))"}, "on_failure": ["crm"]}}"#,
            routes: #"[{"name": "all", "to": ["crm"]}]"#)
        try relay.start()
        #expect(try relay.post(Payloads.event(1)).status == 202)
        try wait("the record has failed too") { try relay.lines("spool/failures.ndjson").count == 2 }
        let status = try JSONDocument(Array(relay.verb("status", "--json").out.utf8)).root
        #expect(status[key: "targets"]?[key: "crm"]?[key: "waiting"]?.integer == 0)
        #expect(receiver.requests("/crm").count == 2)
    }

    @Test func aFailureTargetMustBeThere() throws {
        let relay = try RelayUnderTest(
            targets: #"{"crm": {"file": {"path": "a"}, "on_failure": ["pagr"]}, "pager": {"file": {"path": "b"}}}"#,
            routes: #"[{"name": "all", "to": ["crm", "pager"]}]"#, more: #""on_failure": ["nobody"],"#)
        let check = try relay.verb("check")
        #expect(check.code == 78)
        let text = check.out + check.error
        #expect(text.contains("did you mean \"pager\""))
        #expect(text.contains("there is no target \"nobody\""))
    }
}
