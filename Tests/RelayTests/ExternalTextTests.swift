import Delivery
import EventJSON
import EventPattern
import Testing

@testable import Relay

/// What a string takes from the environment or a file is text, whatever is in it.
struct ExternalTextTests {
    private struct Values: TemplateValues {
        func value(at path: EventPath) -> TemplateValue? { .text(Array("VALUE".utf8)) }
        func value(of variable: RelayVariable) -> String { "VARIABLE" }
    }
    private static let environment = [
        "HOSTILE": "a${type}b${@attempt}", "OPEN": "half ${", "BRACE": "{type}", "EMPTY": "", "PATH_": "/${type}",
        "SOCKET": "/run/${type}.sock",
    ]

    private func target(_ json: String) throws -> TargetSettings {
        let reading = try reading(
            configuration(targets: "{\"t\": \(json)}"), environment: Self.environment,
            files: ["key": "a${type}b${@attempt}\n"])
        #expect(reading.findings.isEmpty, "\(reading.findings.map(\.message))")
        return try #require(reading.configuration?.targets.first)
    }

    private func http(_ json: String) throws -> HTTPTargetSettings {
        guard case .http(let http) = try target("{\"http\": \(json)}").kind else { throw Missing() }
        return http
    }

    private func command(_ json: String) throws -> CommandTargetSettings {
        guard case .command(let command) = try target("{\"command\": \(json)}").kind else { throw Missing() }
        return command
    }

    private struct Missing: Error {}

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test(arguments: [
        ("${env:HOSTILE}", "a${type}b${@attempt}"), ("${file:key}", "a${type}b${@attempt}"),
        ("Bearer ${env:HOSTILE}.${type}", "Bearer a${type}b${@attempt}.VALUE"), ("${env:OPEN}x}", "half ${x}"),
        ("$${env:BRACE}", "${type}"), ("${env:EMPTY}", ""), ("${env:EMPTY}${type}${env:EMPTY}", "VALUE"),
    ]) func aHeaderHoldsItAsItIs(written: String, sent: String) throws {
        let header = try #require(
            try http("{\"url\": \"http://h/\", \"headers\": {\"x\": \"\(written)\"}}").headers.first)
        #expect(text(header.value.renderHeader(Values())) == sent)
    }

    @Test func aURLHoldsItAsItIs() throws {
        #expect(
            text(try http(#"{"url": "http://h/${env:HOSTILE}/${type}"}"#).url.renderURL(Values()))
                == "http://h/a${type}b${@attempt}/VALUE")
        let http = try http(#"{"url": "unix:${env:SOCKET}:${env:PATH_}/${type}"}"#)
        #expect(http.connection.socket == "/run/${type}.sock")
        #expect(text(http.url.renderURL(Values())) == "http://localhost/${type}/VALUE")
    }

    @Test func aPatternHoldsItAsItIs() throws {
        let match =
            #"{"a": ["${env:BRACE}"], "b": {"c": [{"prefix": "${env:EMPTY}x-${env:BRACE}"}, {"anything-but": ["${file:key}"]}]}}"#
        let reading = try reading(
            configuration(routes: #"[{"name": "r", "match": \#(match), "to": ["t"]}]"#), environment: Self.environment,
            files: ["key": "a${type}b${@attempt}\n"])
        #expect(reading.findings.isEmpty, "\(reading.findings.map(\.message))")
        let written =
            #"{"a": ["{type}"], "b": {"c": [{"prefix": "x-{type}"}, {"anything-but": ["a${type}b${@attempt}"]}]}}"#
        let pattern = try EventPattern(JSONDocument(Array(written.utf8)).root)
        let read = try #require(reading.configuration?.routes.first?.match)
        #expect("\(read)" == "\(pattern)")
    }

    @Test(arguments: [
        (#"{"type": ["${env:NOWHERE}"]}"#, "the environment has no variable NOWHERE"),
        (#"{"type": [{"prefix": "${env:HOSTILE"}]}"#, "`${env:` has no `}` behind it"),
    ]) func aPatternThatLacksSomethingIsAnError(match: String, message: String) throws {
        let reading = try reading(
            configuration(routes: #"[{"name": "r", "match": \#(match), "to": ["t"]}]"#), environment: Self.environment)
        #expect(reading.findings.filter { $0.severity == .error }.map(\.message) == [message])
    }

    @Test func aHostTakesNone() throws {
        let reading = try reading(
            configuration(targets: #"{"t": {"http": {"url": "http://${env:HOSTILE}/"}}}"#),
            environment: Self.environment)
        #expect(reading.findings.map(\.message) == ["the URL has no host, a port that is none, or a space"])
    }

    @Test func aBodyAFilesPathAndACommandHoldItAsItIs() throws {
        let body = try #require(
            try target(#"{"http": {"url": "http://h/"}, "body": {"a": "${env:HOSTILE}", "b": "${type} ${env:OPEN}"}}"#)
                .body)
        #expect(text(body.render(Values())) == #"{"a":"a${type}b${@attempt}","b":"VALUE half ${"}"#)
        guard case .file(let file) = try target(#"{"file": {"path": "${env:HOSTILE}/${type}"}}"#).kind else {
            throw Missing()
        }
        #expect(text(file.path.renderPath(Values()) { $0 }).hasSuffix("/a${type}b${@attempt}/VALUE"))
        let command = try command(
            #"{"argv": ["/bin/echo", "${env:HOSTILE}", "${type}"], "env": {"X": "${env:HOSTILE}"}}"#)
        guard case .argv(let arguments) = command.form else { throw Missing() }
        #expect(
            arguments.map { text($0.renderArgument(Values())) } == ["/bin/echo", "a${type}b${@attempt}", "VALUE"])
        #expect(command.environment.map { text($0.value.renderArgument(Values())) } == ["a${type}b${@attempt}"])
    }

    @Test func aShellLineTakesItButNoPlaceholderOfItsOwn() throws {
        guard case .shell(let line) = try command(#"{"shell": "echo '${env:HOSTILE}'"}"#).form else { throw Missing() }
        #expect(line == "echo 'a${type}b${@attempt}'")
        let refused = try reading(
            configuration(targets: #"{"t": {"command": {"shell": "echo ${env:HOSTILE} ${type}"}}}"#),
            environment: Self.environment)
        #expect(refused.findings.map(\.path) == ["targets.t.command.shell"])
    }

    @Test func aSignedTextHoldsItAsItIs() throws {
        let reading = try reading(
            configuration(
                sources: """
                    {"s": {"path": "/s", "verify": {"scheme": "hmac", "header": "x-s", "secret": "0123456789abcdef",
                           "signed": "${env:HOSTILE}.${@body}"}}}
                    """), environment: Self.environment)
        #expect(reading.findings.isEmpty, "\(reading.findings.map(\.message))")
        guard case .signature(let scheme)? = reading.configuration?.sources.first?.verify?.scheme else {
            throw Missing()
        }
        #expect(scheme.signed.parts == [.text("a${type}b${@attempt}"), .text("."), .body])
    }
}
