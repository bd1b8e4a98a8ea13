import EventJSON
import Foundation
import Testing

/// Starting, stopping and reloading the daemon.
struct DaemonTests {
    private static let fileTarget = #"{"f": {"file": {"path": "f.ndjson"}}}"#
    private static let allToFile = #"[{"name": "all", "to": ["f"]}]"#

    @Test(arguments: [SIGTERM, SIGINT]) func aSignalStopsItAndNothingIsLostOrSentTwice(_ number: Int32) throws {
        let relay = try RelayUnderTest(targets: Self.fileTarget, routes: Self.allToFile)
        try relay.start()
        for index in 1...200 { #expect(try relay.post(Payloads.event(index)).status == 202) }
        relay.signal(number)
        try wait("it has stopped") { !relay.isRunning }
        #expect(relay.stop() == 0)
        try relay.start()
        try wait("all lines are there") { try relay.lines("f.ndjson").count >= 200 }
        #expect(relay.stop() == 0)
        #expect(try relay.lines("f.ndjson").count == 200)
    }

    @Test func aSecondDaemonOnTheSpoolIsRefused() throws {
        let relay = try RelayUnderTest(targets: Self.fileTarget, routes: Self.allToFile)
        try relay.start()
        let second = try relay.verb("run")
        #expect(second.code == 1)
        #expect(second.error.contains("process \(relay.pid)"))
        #expect(try relay.post(Payloads.event(1)).status == 202)
    }

    @Test func anAddressThatIsTakenIsAFailureThatNamesIt() throws {
        let relay = try RelayUnderTest(targets: Self.fileTarget, routes: Self.allToFile)
        let (descriptor, port) = Loopback.listen()
        defer { close(descriptor) }
        let text = try String(contentsOfFile: relay.configurationPath, encoding: .utf8)
        try text.replacingOccurrences(of: ":\(relay.port)\"", with: ":\(port)\"")
            .write(toFile: relay.configurationPath, atomically: true, encoding: .utf8)
        let output = try relay.verb("run")
        #expect(output.code == 1)
        #expect(output.error.contains("127.0.0.1:\(port)"))
    }

    @Test func aReloadTakesUpRightConfigurationsAndRefusesWrongOnes() throws {
        let relay = try RelayUnderTest(targets: Self.fileTarget, routes: Self.allToFile)
        try relay.start()
        try relay.configure(
            sources: #"{"s": {"path": "/s"}, "t": {"path": "/t"}}"#,
            targets: #"{"f": {"file": {"path": "f.ndjson"}}, "g": {"file": {"path": "g.ndjson"}}}"#,
            routes: #"[{"name": "all", "to": ["f", "g"]}]"#)
        #expect(try relay.post(Payloads.event(1), to: "/t").status == 404)
        relay.signal(SIGHUP)
        try wait("the new source is there") { try relay.post(Payloads.event(1), to: "/t").status == 202 }
        try wait("the new target has it") { try relay.lines("g.ndjson").count == 1 }
        try "{ not json".write(toFile: relay.configurationPath, atomically: true, encoding: .utf8)
        #expect(try relay.verb("reload").code == 78)
        #expect(relay.log().contains("the old one stays in force"))
        #expect(try relay.post(Payloads.event(2), to: "/t").status == 202)
    }

    @Test func healthAndReadinessAreOnTheOperatorsListenerAlone() throws {
        let relay = try RelayUnderTest(targets: Self.fileTarget, routes: Self.allToFile)
        try relay.start()
        #expect(try Sender(port: relay.admin).get("/healthz").status == 200)
        #expect(try Sender(port: relay.admin).get("/readyz").status == 200)
        #expect(try Sender(port: relay.port).get("/healthz").status == 404)
        let rebound = try Sender(port: relay.admin).exchange(
            "GET /api/v1/status HTTP/1.1\r\nhost: evil.example\r\n\r\n", [])
        #expect(rebound.status == 403)
        let foreign = try Sender(port: relay.admin).exchange(
            "POST /api/v1/reload HTTP/1.1\r\nhost: localhost\r\norigin: http://evil.example\r\ncontent-length: 0\r\n\r\n",
            [])
        #expect(foreign.status == 403)
        let socket = try FileManager.default.attributesOfItem(atPath: relay.spool + "/hookswitch.sock")
        #expect(socket[.posixPermissions] as? Int == 0o600)
    }

    @Test func theLogIsOneObjectALineWhereThatIsAskedFor() throws {
        let relay = try RelayUnderTest(targets: Self.fileTarget, routes: Self.allToFile)
        try relay.start(environment: ["HOOKSWITCH_LOG_FORMAT": "json"])
        try wait("the last line is written") { try relay.lines("log").last?[key: "message"]?.string == "ready" }
        let lines = try relay.lines("log")
        #expect(lines.last?[key: "message"]?.string == "ready")
        #expect(lines.last?[key: "level"]?.string == "info")
    }

    @Test func theLogTellsOfEachRefusalWhereItIsAskedForAll() throws {
        let relay = try RelayUnderTest(targets: Self.fileTarget, routes: Self.allToFile)
        try relay.start(environment: ["HOOKSWITCH_LOG": "debug", "HOOKSWITCH_LOG_FORMAT": "json"])
        #expect(try relay.post([0x7B]).status == 400)
        #expect(try relay.post(Payloads.event(1), to: "/nowhere").status == 404)
        try wait("both are there") { try relay.lines("log").count { $0[key: "message"]?.string == "refused" } == 2 }
        let refusals = try relay.lines("log").filter { $0[key: "level"]?.string == "debug" }
        #expect(refusals.map { $0[key: "status"]?.string } == ["400", "404"])
        #expect(refusals.map { $0[key: "path"]?.string } == ["/s", "/nowhere"])
        #expect(refusals[0][key: "answer"]?.string?.contains("not JSON") == true)
    }

    @Test func whatTheEnvironmentAsksForAndIsNoneIsSaid() throws {
        let relay = try RelayUnderTest(targets: Self.fileTarget, routes: Self.allToFile)
        try relay.start(environment: ["HOOKSWITCH_LOG": "loud", "HOOKSWITCH_LOG_FORMAT": "xml"])
        #expect(relay.log().contains("HOOKSWITCH_LOG is no level: debug, info, warning or error value=loud"))
        #expect(relay.log().contains("HOOKSWITCH_LOG_FORMAT is no format: text or json value=xml"))
    }

    @Test func aTargetThatLeavesTheConfigurationKeepsWhatItIsOwed() throws {
        let relay = try RelayUnderTest(
            targets: #"{"f": {"file": {"path": "f.ndjson"}, "paused": true}}"#, routes: Self.allToFile)
        try relay.start()
        #expect(try relay.post(Payloads.event(1)).status == 202)
        try relay.configure(
            targets: #"{"g": {"file": {"path": "g.ndjson"}}}"#, routes: #"[{"name": "all", "to": ["g"]}]"#)
        #expect(try relay.verb("reload").code == 0)
        try wait("what waits is shown as orphaned") {
            let target = try Sender(port: relay.admin).get("/api/v1/status").json()[key: "targets"]?[key: "f"]
            return target?[key: "waiting"]?.integer == 1 && target?[key: "orphaned"] != nil
        }
        try relay.configure(targets: Self.fileTarget, routes: Self.allToFile)
        #expect(try relay.verb("reload").code == 0)
        try wait("it is delivered after all") { try relay.lines("f.ndjson").count == 1 }
    }
}
