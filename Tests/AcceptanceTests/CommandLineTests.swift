import EventJSON
import Foundation
import Testing

/// The verbs as scripts and people use them: output, exit codes, suggestions.
struct CommandLineTests {
    private func failingRelay() throws -> RelayUnderTest {
        let relay = try RelayUnderTest(
            targets: """
                {"crm": {"http": {"url": "http://127.0.0.1:\(Loopback.freePort())/x"}, "retry": \(RelayUnderTest.quickRetry)},
                 "archive": {"file": {"path": "a.ndjson"}}}
                """,
            routes: """
                [{"name": "redemptions", "match": {"type": [{"prefix": "redemption."}]}, "to": ["crm", "archive"]},
                 {"name": "vouchers", "match": {"type": ["voucher.created"]}, "to": ["archive"]}]
                """)
        return relay
    }

    @Test func aMistypedVerbOrOptionIsUsageWithASuggestion() throws {
        let relay = try failingRelay()
        let verb = try relay.verb("statsu")
        #expect(verb.code == 64)
        #expect(verb.error.contains("hookswitch status"))
        let option = try relay.verb("audit", "--folow")
        #expect(option.code == 64)
        #expect(option.error.contains("--follow"))
        #expect(try relay.verb("failures", "--since", "yesterday").code == 64)
        #expect(try relay.verb("status", "extra").code == 64)
        #expect(try RelayUnderTest.run([], in: relay.directory).code == 64)
    }

    @Test(arguments: ["help", "schema", "version"]) func outputThatDoesNotFitIsAnError(verb: String) throws {
        let process = Process()
        let fault = Pipe()
        process.executableURL = RelayUnderTest.binary
        process.arguments = [verb]
        process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
        process.standardError = fault
        try process.run()
        let said = String(decoding: fault.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 74)
        #expect(said.contains("No space left on device"))
    }

    @Test func helpAndVersionNeedNothing() throws {
        let relay = try failingRelay()
        #expect(try relay.verb("version").out.hasPrefix("hookswitch 0."))
        let help = try relay.verb("help")
        for name in ["run", "check", "match", "send", "status", "audit", "failures", "show", "retry"] {
            #expect(help.out.contains("  \(name) "))
            #expect(try relay.verb("help", name).out.contains("--help"))
        }
        #expect(try relay.verb("help", "retri").code == 64)
    }

    @Test func withoutADaemonTheVerbsThatNeedOneSaySo() throws {
        let relay = try failingRelay()
        for verb in [["status"], ["retry", "1/crm"], ["send"], ["reload"]] {
            let output = try RelayUnderTest.run(verb + ["--config", relay.configurationPath], in: relay.directory)
            #expect(output.code == 69, "\(verb)")
            #expect(output.error.contains("no daemon answers"))
        }
        #expect(try relay.verb("retry", "1-crm").code == 65)
        #expect(try RelayUnderTest.run(["status", "--config", "nowhere.json"], in: relay.directory).code == 78)
    }

    @Test(.directoryOnly("on a cluster other relays can be asked about"))
    func whereTheSpoolIsADirectoryNoOtherRelayCanBeAskedAbout() throws {
        let relay = try failingRelay()
        for verb in [
            ["status"], ["audit"], ["failures"], ["retry", "--failed"], ["replay", "list"],
            ["replay", "--since", "1h", "--to", "crm"],
        ] {
            let output = try RelayUnderTest.run(
                verb + ["--cluster", "--config", relay.configurationPath], in: relay.directory)
            #expect(output.code == 78, "\(verb)")
            #expect(output.error.contains("spool.jetstream"))
        }
        #expect(try relay.verb("audit", "--relay", "other:8080").code == 64)
    }

    @Test func checkFindsAllFaultsInOneGoAndPointsAtThem() throws {
        let relay = try failingRelay()
        try """
        {"sources": {"s": {"path": "/s"}},
         "targets": {"web": {"http": {"url": "http://127.0.0.1:1/"}}},
         "routes": [{"name": "x", "matchh": {}, "to": ["webb"]}]}
        """.write(toFile: relay.configurationPath, atomically: true, encoding: .utf8)
        let text = try relay.verb("check")
        #expect(text.code == 78)
        #expect(text.out.contains("routes.json:3:27: error"))
        #expect(text.out.contains("did you mean `match`?"))
        #expect(text.out.contains("did you mean \"web\"?"))
        let objects = try relay.verb("check", "--json").out.split(separator: "\n").map {
            try JSONDocument(Array($0.utf8)).root
        }
        #expect(objects.count == 3)
        #expect(objects[0].members?.map(\.key) == ["severity", "line", "column", "path", "message", "hint"])
        #expect(objects.map { $0[key: "severity"]?.string } == ["warning", "error", "error"])
        #expect(try relay.verb("run").code == 78)
    }

    @Test func matchTellsWhichRoutesTakeAnEventAndWhyOthersDoNot() throws {
        let relay = try failingRelay()
        let event = Payloads.event(1, type: "voucher.craeted")
        let output = try relay.verb("match", "--json", "-", input: event)
        #expect(output.code == 0)
        let root = try JSONDocument(Array(output.out.utf8)).root
        #expect(root[key: "file"]?.string == "-")
        #expect(root[key: "routes"]?.array?.isEmpty == true)
        #expect(root[key: "targets"]?.array?.isEmpty == true)
        let because = root[key: "not"]?.array?.map { $0[key: "because"]?.string ?? "" } ?? []
        #expect(because[0].contains(#"`type` is "voucher.craeted", which is not in [{"prefix": "redemption."}]"#))
        #expect(because[1].hasSuffix(#"did you mean "voucher.created"?"#))
        #expect(try relay.verb("match", "-", input: Array("{".utf8)).code == 65)
        #expect(try relay.verb("match", "no-such-file.json").code == 74)
    }

    @Test func atThreeInTheMorningOneCommandShowsWhatFailedAndAnotherSendsItAgain() throws {
        let relay = try failingRelay()
        try relay.start()
        let sent = try relay.verb("send", "--type", "redemption.succeeded")
        #expect(sent.code == 0)
        #expect(try JSONDocument(Array(sent.out.utf8)).root[key: "event"]?.integer == 1)
        try wait("the delivery is given up") { try relay.lines("spool/failures.ndjson").count == 1 }

        let failures = try relay.verb("failures")
        #expect(failures.out.contains("1/crm"))
        #expect(failures.out.contains("connection refused"))
        #expect(failures.out.contains("hookswitch retry"))
        let line = try relay.verb("failures", "--json", "--target", "crm", "--since", "1h").out
        #expect(Array(line.utf8) == relay.file("spool/failures.ndjson"))
        #expect(try relay.verb("failures", "--json", "--target", "archive").out.isEmpty)

        var status = try JSONDocument(Array(try relay.verb("status", "--json").out.utf8)).root
        try wait("the failure is counted") {
            status = try JSONDocument(Array(try relay.verb("status", "--json").out.utf8)).root
            return status[key: "targets"]?[key: "crm"]?[key: "failed"]?.integer == 1
        }
        let crm = status[key: "targets"]?[key: "crm"]
        #expect(crm?[key: "waiting"]?.integer == 0)
        #expect(crm?[key: "breaker"]?.string == "closed")
        #expect(status[key: "spool"]?[key: "events"]?.integer == 1)
        #expect(status[key: "spool"]?[key: "sync"]?.string == (EventPlace.isDirectory ? "always" : "jetstream"))

        let show = try relay.verb("show", "1")
        #expect(show.out.contains("redemption.succeeded"))
        #expect(show.out.contains("1/crm"))
        let audit = try relay.verb("audit", "--json", "--status", "retrying").out.split(separator: "\n")
        #expect(audit.count == 2)
        #expect(audit.allSatisfy { $0.contains("\"next_attempt_at\"") })

        let again = try relay.verb("retry", "--failed", "--target", "crm")
        #expect(again.code == 0)
        #expect(again.out.contains("1 sent again"))
        try wait("it fails once more") { try relay.lines("spool/failures.ndjson").count == 2 }
        // The line is there a moment before the queue counts it.
        try wait("the queue counts it") {
            let status = try JSONDocument(Array(try relay.verb("status", "--json").out.utf8)).root
            return status[key: "targets"]?[key: "crm"]?[key: "failed"]?.integer == 1
        }
        let since = try relay.verb("retry", "--failed", "--since", "1h")
        #expect(since.out.contains("1 sent again"))
        let none = try relay.verb("retry", "99/crm", "1/crn")
        #expect(none.code == 1)
        #expect(none.out.contains("did you mean \"crm\"?"))
    }

    @Test(.directoryOnly("`show` without a daemon reads the directory"))
    func failuresAuditAndShowWorkWithoutTheDaemon() throws {
        let relay = try failingRelay()
        try relay.start()
        let body = Payloads.event(5)
        #expect(try relay.post(body).status == 202)
        try wait("the delivery is given up") { try relay.lines("spool/failures.ndjson").count == 1 }
        #expect(relay.stop() == 0)
        #expect(try relay.verb("failures").out.contains("1/crm"))
        #expect(try relay.verb("audit").out.contains("1/archive"))
        let show = try JSONDocument(Array(try relay.verb("show", "1", "--json").out.utf8)).root
        #expect(show[key: "body"]?.string == String(decoding: body, as: UTF8.self))
        #expect(show[key: "attempts"]?.array?.count == 4)
        let states = show[key: "deliveries"]?.array?.map { $0[key: "state"]?.string } ?? []
        #expect(states == ["failed", "done"])
        #expect(try relay.verb("show", "2").code == 1)
    }
}
