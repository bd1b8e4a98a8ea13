import EventJSON
import Platform
import Relay

extension Verb {
    static let reload = Verb(
        name: "reload", summary: "has the daemon read its configuration anew", options: [config, json],
        discussion: """
            A configuration with errors leaves the old one in force; exit code 78. Targets that stay keep their queues and
            connections. What waits for one that goes is kept: `hookswitch status` shows it as not configured, until
            `hookswitch move` gives it to another target or `hookswitch drop` gives it up.
            """
    ) { arguments throws(Failure) in
        let file = ConfigurationFile(arguments)
        let answer = try ControlSocket(spoolPath: try file.spoolPath()).answer("/api/v1/reload", posting: [])
        if answer.status == 422 {
            _ = try file.usable()
            throw Failure(ExitCode.configuration, ControlSocket.refusal(answer).message, hint: "see the daemon's log")
        }
        guard answer.status == 200 else { throw ControlSocket.refusal(answer) }
        if arguments.has("--json") {
            StandardStream.output.write(answer.body + [0x0A])
        } else {
            StandardStream.output.write(try Verb.report(onReload: answer.body))
        }
        return ExitCode.ok
    }

    private static func report(onReload answer: [UInt8]) throws(Failure) -> String {
        let root: JSONValue
        do throws(JSONSyntaxError) { root = try JSONDocument(answer).root } catch {
            throw Failure(ExitCode.failure, "the daemon's answer can't be read: \(error.message)")
        }
        let changes = (root[key: "changes"]?.array ?? []).compactMap(\.string)
        guard !changes.isEmpty else { return "the configuration is in force, and says what it said before\n" }
        return "the configuration is in force\n" + changes.map { "  \(Table.cell($0))\n" }.joined()
    }
}
