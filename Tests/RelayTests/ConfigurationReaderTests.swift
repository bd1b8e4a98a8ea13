import Foundation
import Testing

@testable import Relay

/// Each fault of a configuration: where it is found, what it says, and what it advises.
struct ConfigurationReaderTests {
    /// A text with its only fault.
    struct Fault: CustomTestStringConvertible, Sendable {
        var text: String
        var line: Int
        var column: Int
        var message: String
        var hint: String
        var severity = Diagnostic.Severity.error

        var testDescription: String { message }
    }

    static let faults: [Fault] = [
        Fault(
            text: configuration(more: #""lisen": "127.0.0.1:1","#), line: 1, column: 2, message: "unknown key `lisen`",
            hint: "did you mean `listen`?"),
        Fault(
            text: configuration(more: #""listen": "nowhere","#), line: 1, column: 12,
            message: "\"nowhere\" is no address to listen on", hint: "127.0.0.1:8080"),
        Fault(
            text: configuration(more: #""otlp": {},"#), line: 1, column: 10, message: "the key `endpoint` is missing",
            hint: ""),
        Fault(
            text: configuration(more: #""otlp": {"endpoint": "collector:4318"},"#), line: 1, column: 23,
            message: "\"collector:4318\" is no URL to send to", hint: "http://"),
        Fault(
            text: configuration(more: #""otlp": {"endpoint": "http://c/?k=1"},"#), line: 1, column: 23,
            message: "a collector's URL is its address", hint: "http://127.0.0.1:4318"),
        Fault(
            text: configuration(more: #""otlp": {"endpoint": "http://c", "headers": {"k": "${type}"}},"#), line: 1,
            column: 52, message: "no placeholders of events", hint: ""),
        Fault(
            text: configuration(more: #""spool": {"jetstream": {"servers": ["http://a:1"]}},"#), line: 1, column: 38,
            message: "is no address of a broker", hint: "nats://host:4222"),
        Fault(
            text: configuration(more: #""spool": {"jetstream": {"servers": ["a"]}, "sync": "always"},"#), line: 1,
            column: 45,
            message: "for a spool on this machine", hint: "the brokers"),
        Fault(
            text: configuration(more: #""spool": {"jetstream": {"servers": ["a"], "token": "t", "user": "u"}},"#),
            line: 1, column: 25,
            message: "the relay can be only one", hint: "name one of them"),
        Fault(
            text: configuration(more: #""spool": {"jetstream": {"servers": ["a"], "nkey": "SUAXX"}},"#), line: 1,
            column: 52, message: "the seed is no user's NKEY seed", hint: "nsc"),
        Fault(
            text: configuration(more: #""spool": {"jetstream": {"servers": ["a"], "credentials": "x"}},"#), line: 1,
            column: 59, message: "the credentials have no user's JWT and seed", hint: "nsc"),
        Fault(
            text: configuration(more: #""spool": {"jetstream": {"servers": ["a"]}, "retain": "1h"},"#), line: 1,
            column: 55,
            message: "after 1h (`retain`), and the target \"t\" is tried for 24h (`retry.for`): an event would go",
            hint: "make `retain` longer than 24h, or the target's `retry` shorter than 1h", severity: .warning),
        Fault(
            text: configuration(
                targets: #"{"t": {"file": {"path": "t"}, "retry": {"for": "30d"}}}"#,
                more: #""spool": {"jetstream": {"servers": ["a"]}},"#), line: 1, column: 11,
            message: "after 7d (`retain`), and the target \"t\" is tried for 30d", hint: "longer than 30d",
            severity: .warning),
        Fault(
            text: configuration(more: #""spool": {"buffer": true},"#), line: 1, column: 22,
            message: "`buffer` is for a spool that is a cluster", hint: "leave the key out"),
        Fault(
            text: configuration(more: #""spool": {"path": "/tmp/\#(String(repeating: "x", count: 100))"},"#), line: 1,
            column: 20, message: "has 121 bytes, and the name of a socket has 107", hint: "a shorter path"),
        Fault(
            text: configuration(more: #""limits": {"body": "2MiB", "memory": "1MiB"},"#), line: 1, column: 21,
            message: "`body` is more than `memory`", hint: "a multiple"),
        Fault(
            text: configuration(
                targets: #"{"t": {"file": {"path": "t"}, "retry": {"schedule": "voucherify", "first": "1s"}}}"#),
            line: 3,
            column: 87, message: "has its own waits", hint: "take `first` out"),
        Fault(
            text: configuration(more: #""admin": "0.0.0.0:8081","#), line: 1, column: 11, message: "`admin_token`",
            hint: "admin_token"),
        Fault(
            text: configuration(more: #""shutdown_timeout": "1 hour","#), line: 1, column: 22, message: "1 hour",
            hint: "250ms"),
        Fault(
            text: configuration(sources: #"{"s": {"path": "s"}}"#), line: 2, column: 27,
            message: "\"s\" is no path of a URL", hint: "begins with a slash"),
        Fault(
            text: configuration(sources: #"{"s": {"path": "/s"}, "t": {"path": "/s"}}"#), line: 2, column: 48,
            message: "has the path /s already",
            hint: "a path of its own"),
        Fault(
            text: configuration(sources: #"{"s": {"path": "/s", "verify": {"scheme": "voucherfy", "secret": "x"}}}"#),
            line: 2, column: 54, message: "there is no scheme \"voucherfy\"", hint: "did you mean \"voucherify\"?"),
        Fault(
            text: configuration(sources: #"{"s": {"path": "/s", "allow_from": ["10.0.0.0/33"]}}"#), line: 2, column: 48,
            message: "10.0.0.0/33", hint: "10.0.0.0/8"),
        Fault(
            text: configuration(targets: #"{"t": {"http": {"url": "crm.example.com"}}}"#), line: 3, column: 35,
            message: "crm.example.com", hint: "http"),
        Fault(
            text: configuration(targets: #"{"t": {"file": {"path": "x"}, "http": {"url": "http://h/"}}}"#), line: 3,
            column: 42, message: "a target is of one kind only", hint: "http"),
        Fault(
            text: configuration(targets: #"{"t": {"command": {"shell": "echo ${type}"}}}"#), line: 3, column: 40,
            message: "shell", hint: "$HOOKSWITCH_TYPE"),
        Fault(
            text: configuration(targets: #"{"t": {"file": {"path": "x"}, "rate": "fast"}}"#), line: 3, column: 50,
            message: "fast", hint: "100/s"),
        Fault(
            text: configuration(routes: #"[{"name": "r", "to": ["t"]}, {"name": "r", "to": ["t"]}]"#), line: 4,
            column: 49, message: "there is already a route \"r\", in line 4", hint: "a name of its own"),
        Fault(
            text: configuration(routes: #"[{"name": "r", "to": ["t", "tt"]}]"#), line: 4, column: 38,
            message: "there is no target \"tt\"", hint: "did you mean \"t\"?"),
        Fault(
            text: configuration(routes: #"[{"name": "r", "from": ["ss"], "to": ["t"]}]"#), line: 4, column: 35,
            message: "there is no source \"ss\"", hint: "did you mean \"s\"?"),
        Fault(
            text: configuration(routes: #"[{"name": "r", "match": {"type": [{"prefx": "a"}]}, "to": ["t"]}]"#), line: 4,
            column: 46, message: "there is no operator `prefx`", hint: "did you mean `prefix`?"),
        Fault(
            text: configuration(
                targets: #"{"t": {"file": {"path": "x"}}, "u": {"file": {"path": "y"}}}"#), line: 3, column: 43,
            message: "no route names the target \"u\"", hint: "add it to the `to` of a route", severity: .warning),
        Fault(
            text: configuration(
                sources: #"{"s": {"path": "/s", "envelope": "voucherify-2024-01-01"}}"#,
                routes: #"[{"name": "r", "match": {"type": ["redemption.suceeded"]}, "to": ["t"]}]"#), line: 4,
            column: 45, message: "Voucherify sends no type \"redemption.suceeded\"",
            hint: "did you mean \"redemption.succeeded\"?", severity: .warning),
        Fault(
            text: configuration(routes: #"[{"name": "r", "match": {"type": ["redemption.suceeded"]}, "to": ["t"]}]"#),
            line: 4, column: 45, message: "Voucherify sends no type \"redemption.suceeded\"",
            hint: "did you mean \"redemption.succeeded\"?", severity: .warning),
        Fault(text: "{", line: 1, column: 2, message: "the text ends too early", hint: "is not closed"),
        Fault(text: "", line: 1, column: 1, message: "the text ends too early", hint: "hookswitch init"),
        Fault(
            text: "{\"listen\": [],\n}", line: 2, column: 1, message: "a key in quotes was expected",
            hint: "take out the comma"),
        Fault(text: "// mine\n{}", line: 1, column: 1, message: "a value was expected", hint: "no comments"),
        Fault(text: "\u{FEFF}{}", line: 1, column: 1, message: "a value was expected", hint: "byte order mark"),
        Fault(text: "{'a': 1}", line: 1, column: 2, message: "a key in quotes", hint: "double quotes"),
        Fault(
            text: "{\"a\": 1 \"b\": 2}", line: 1, column: 9, message: "a comma or a closing", hint: "a comma is missing"
        ),
        Fault(
            text: configuration(targets: #"{"t": {"file": {"path": "x", "rotate": "1 GB"}}}"#), line: 3, column: 51,
            message: "\"1 GB\" is no", hint: "64KiB"),
        Fault(
            text: configuration(
                targets: #"{"t": {"file": {"path": "x"}, "retry": {"on": ["4xx", "404"], "final": ["404"]}}}"#),
            line: 3,
            column: 84, message: "\"404\" is both tried again (`on`) and final", hint: "one of the two"),
        Fault(text: "{\"a\": 1,\n \"a\": 2}", line: 2, column: 2, message: "a second time", hint: ""),
    ]

    @Test(arguments: ["\"1B\"", "1", "\"1s\""]) func aFileIsSetAsideAtAnySize(rotate: String) throws {
        let text = configuration(targets: "{\"t\": {\"file\": {\"path\": \"x\", \"rotate\": \(rotate)}}}")
        #expect(try reading(text).findings.filter { $0.severity == .error }.isEmpty)
    }

    @Test func aStatusAndItsClassMayStandOnEitherSide() throws {
        let text = configuration(
            targets: #"{"t": {"file": {"path": "x"}, "retry": {"on": ["4xx", "503"], "final": ["404", "5xx"]}}}"#)
        let result = try reading(text)
        #expect(result.findings.filter { $0.severity == .error }.isEmpty)
        let retry = try #require(result.configuration?.targets.first?.retry)
        #expect(retry.retriedStatuses.classes == [4])
        #expect(retry.retriedStatuses.statuses == [503])
        #expect(retry.finalStatuses.classes == [5])
        #expect(retry.finalStatuses.statuses == [404])
    }

    @Test func onAClusterOnlySoManyTargetsCanHaveAnOrder() throws {
        func findings(_ count: Int) throws -> [Diagnostic] {
            let targets = (0..<count).map { "\"t\($0)\": {\"order\": \"id\", \"file\": {\"path\": \"t\($0)\"}}" }
            let spool = "\"spool\": {\"jetstream\": {\"servers\": [\"a\"]}}"
            return try reading("{\(spool),\n\"targets\": {\n\(targets.joined(separator: ",\n"))}}").findings
                .filter { $0.severity == .error }
        }
        #expect(try findings(8).isEmpty)
        let ninth = try #require(try findings(9).first)
        #expect(ninth.message.contains("8 targets can have an `order`; this is number 9"))
        #expect(ninth.path == "targets.t8.order" && ninth.location.line == 11)
    }

    @Test(arguments: [
        #"{"retain": "1h"}"#, #"{"jetstream": {"servers": ["a"]}, "retain": "2h"}"#,
        #"{"jetstream": {"servers": ["a"]}}"#,
    ]) func retainMayBeShortWhereEventsStayAsLongAsTheyAreOwedOrNothingIsTriedForSoLong(spool: String) throws {
        let targets = spool.contains("2h") ? #""retry": {"for": "1h"}"# : #""retry": {"for": "6d"}"#
        let text = configuration(
            targets: "{\"t\": {\"file\": {\"path\": \"t\"}, \(targets)}}", more: "\"spool\": \(spool),")
        #expect(try reading(text).findings.isEmpty)
    }

    @Test(arguments: [
        ("24h", "24h"), ("7d", "7d"), ("90s", "90s"), ("3600s", "1h"), ("1500ms", "1500ms"), ("0s", "0ms"),
    ])
    func aDurationIsWrittenAsOneWouldWriteIt(text: String, written: String) throws {
        #expect(Units.text(try #require(Units.duration(text))) == written)
    }

    @Test(arguments: faults) func aFaultIsFoundAtItsPlaceWithWhatToDo(_ fault: Fault) throws {
        let findings = try reading(fault.text).findings
        let finding = try #require(findings.first { $0.message.contains(fault.message) }, "\(findings)")
        #expect(finding.severity == fault.severity)
        #expect(finding.location.line == fault.line)
        #expect(finding.location.column == fault.column)
        #expect(fault.hint.isEmpty || finding.hint.contains(fault.hint))
        #expect(findings.count == 1, "\(findings.map(\.message))")
    }

    @Test(arguments: [#"{"a": 1, "a": 2}"#, #"{"a": "\ud800"}"#, #"["\ud800"]"#])
    func aStringThatIsWrongInItselfLacksNoCommaBeforeIt(text: String) throws {
        #expect(try reading(text).findings.map(\.hint) == [""])
    }

    @Test func allFaultsAreFoundInOnePassAndSortedByPlace() throws {
        let findings = try reading(
            """
            {"routes": [{"name": "r", "to": ["b"]}],
             "targets": {"a": {"http": {"url": 1}, "timeout": "x"}},
             "sources": {"s": {"path": "/s", "rate": "1 s"}, "": {"path": "/t"}}}
            """
        ).findings
        #expect(findings.map(\.location.line) == [1, 2, 2, 2, 3, 3])
        #expect(findings.map(\.location) == findings.map(\.location).sorted())
    }

    @Test func aRightConfigurationHasNoFindings() throws {
        let reading = try reading(configuration())
        #expect(reading.findings.isEmpty)
        #expect(reading.isUsable)
    }

    @Test func variablesAndFilesAreReadAndMissingOnesAreErrors() throws {
        let text = configuration(
            sources:
                #"{"s": {"path": "/s", "verify": {"scheme": "voucherify", "secret": ["${env:A}", "x${file:b}y"]}}}"#)
        let right = try reading(text, environment: ["A": "one"], files: ["b": "two\n"])
        #expect(right.configuration?.sources[0].verify?.secrets == ["one", "xtwoy"])
        let wrong = try reading(text)
        #expect(wrong.findings.count == 2)
        #expect(wrong.findings[0].message.contains("the environment has no variable A"))
        #expect(wrong.configuration == nil)
    }

    @Test func aCredentialIsAFileThatSystemdPasses() throws {
        func text(_ name: String) -> String {
            configuration(
                sources:
                    #"{"s": {"path": "/s", "verify": {"scheme": "voucherify", "secret": "${credential:\#(name)}"}}}"#)
        }
        let directory = NSTemporaryDirectory() + "hookswitch-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try "one\n".write(toFile: directory + "/voucherify", atomically: true, encoding: .utf8)
        let service = ["CREDENTIALS_DIRECTORY": directory]
        #expect(
            try reading(text("voucherify"), environment: service).configuration?.sources[0].verify?.secrets == ["one"])
        func fault(_ name: String, _ environment: [String: String]) throws -> String {
            try #require(try reading(text(name), environment: environment).findings.first).message
        }
        #expect(try fault("voucherify", [:]).contains("$CREDENTIALS_DIRECTORY is not set"))
        #expect(try fault("other", service).contains("can't be read"))
        #expect(try fault("../voucherify", service).contains("can't name a credential"))
    }

    @Test func allFaultsOfAPatternAreFound() throws {
        let findings = try reading(
            configuration(
                routes: #"[{"name": "r", "match": {"a": "x", "b": [{"prefx": "y"}, {"suffix": 1}]}, "to": ["t"]}]"#)
        ).findings
        #expect(findings.map(\.location.column) == [41, 53, 79])
        #expect(findings.map(\.path) == ["routes[0].match.a", "routes[0].match.b", "routes[0].match.b"])
    }

    @Test func aTestThatDoesNotHoldIsAnErrorThatSaysTheDifference() throws {
        let routes = #"[{"name": "r", "match": {"type": ["order"]}, "to": ["t"]}, {"name": "all", "to": ["t"]}]"#
        func findings(_ tests: String) throws -> [Diagnostic] {
            try reading(
                configuration(routes: routes, more: "\"tests\": [\(tests)],"), files: ["e.json": #"{"type":"order"}"#]
            ).findings
        }
        #expect(try findings(#"{"event": {"type": "order"}, "from": "s", "routes": ["r", "all"]}"#).isEmpty)
        #expect(try findings(#"{"event": "e.json", "routes": ["r", "all"]}"#).isEmpty)
        let wrong = try findings(#"{"event": {"type": "x"}, "routes": ["r"]}"#)
        #expect(
            wrong.map(\.message) == [
                #"the route r should take the event: `type` is "x", which is not in ["order"]; the route all takes the event and should not"#
            ])
        #expect(try findings(#"{"event": "none.json", "routes": ["al"]}"#).count == 2)
    }

    @Test func aRemarkIsNeverLookedUp() throws {
        let text = configuration(
            targets: #"{"description": "ours", "t": {"description": "${env:NO}", "file": {"path": "t"}}}"#)
        let reading = try reading(text)
        #expect(reading.findings.isEmpty)
        #expect(reading.configuration?.targets.map(\.name) == ["t"])
        #expect(reading.configuration?.routes[0].to == [0])
    }

    @Test func aFaultIsPrintedLikeACompilerDoes() throws {
        let text = configuration(routes: "[{\"name\": \"r\",\t\"to\": [\"tt\"]}]")
        let reading = try reading(text)
        let printed = DiagnosticPrinter(file: "routes.json", document: reading.document).text(
            for: try #require(reading.findings.first { $0.severity == .error }))
        #expect(
            printed == """
                routes.json:4:33: error: routes[0].to[0]: there is no target "tt"
                    "routes": [{"name": "r",\t"to": ["tt"]}]}
                                            \t       ^
                    hint: did you mean "t"?

                """)
    }

    @Test(arguments: [("1MiB", 1), ("1MiB", 0), ("2MiB", 0)])
    func aSpoolMayBeSmallAndTheCheckSaysIfABodyDoesNotFit(size: String, findings: Int) throws {
        let limits = findings == 0 && size == "1MiB" ? #""limits": {"body": "512KiB"}, "# : ""
        let reading = try reading(configuration(more: limits + "\"spool\": {\"max_size\": \"\(size)\"},"))
        #expect(reading.configuration != nil)
        #expect(reading.findings.map(\.severity) == Array(repeating: .warning, count: findings))
        #expect(reading.findings.allSatisfy { $0.path == "spool.max_size" && $0.hint.contains("lower `limits.body`") })
    }

    @Test func aSpoolOfLessThanAMebibyteIsRefused() throws {
        #expect(try reading(configuration(more: #""spool": {"max_size": "1023KiB"},"#)).configuration == nil)
    }

    @Test func theSpoolIsFoundEvenInAConfigurationWithErrors() throws {
        let wrong = try reading(configuration(routes: "{}", more: #""spool": {"path": "elsewhere"},"#))
        #expect(wrong.spoolPath(besides: "/etc/hookswitch/routes.json") == "/etc/hookswitch/elsewhere")
    }
}
