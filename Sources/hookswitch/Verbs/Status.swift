import CPlatform
import EventJSON
import Glibc
import Platform
import Relay

extension Verb {
    /// How often `--watch` looks, in microseconds.
    private static let watchMicroseconds: UInt32 = 1_000_000

    static let status = Verb(
        name: "status", summary: "shows targets with their backlog, and the spool",
        options: [
            config, json, cluster, Option("--watch", "again every second, with rates, until it is interrupted"),
        ],
        discussion: """
            With --cluster: what the cluster holds, what is under way at all relays, each relay with when it was heard of last, and \
            each broker that keeps the events. A relay that ends in good order is no longer shown; of one that does not, --cluster \
            says for a day since when it is silent.
            """,
        examples: [
            Example("hookswitch status --watch", "A page to keep an eye on."),
            Example("hookswitch status --json | jq '.targets.crm.waiting'", "One figure, for a script."),
        ]
    ) { arguments throws(Failure) in
        let file = ConfigurationFile(arguments)
        let daemon = ControlSocket(spoolPath: try file.spoolPath())
        if arguments.has("--cluster") { try file.requireCluster() }
        let path = arguments.has("--cluster") ? "/api/v1/cluster" : "/api/v1/status"
        if arguments.has("--watch") { return try Verb.watch(daemon, path, isJSON: arguments.has("--json")) }
        let answer = try daemon.ask(path)
        if arguments.has("--json") {
            StandardStream.output.write(answer + [0x0A])
        } else {
            StandardStream.output.write(try StatusPage(answer).text(since: nil, on: .output))
        }
        return ExitCode.ok
    }

    /// Shows the status again and again. Where the daemon goes away, this says so and waits for it to come back.
    private static func watch(_ daemon: ControlSocket, _ path: String, isJSON: Bool) throws(Failure) -> Int32 {
        var before: StatusPage?
        while true {
            let terminal = Terminal.output
            var text: String
            do throws(Failure) {
                let answer = try daemon.ask(path)
                let page = try StatusPage(answer)
                text = isJSON ? String(decoding: answer, as: UTF8.self) + "\n" : page.text(since: before, on: terminal)
                before = page
            } catch {
                guard error.exitCode == ExitCode.unavailable, !isJSON else { throw error }
                text = terminal.styled(error.message, .bad) + "\n"
                before = nil
            }
            if terminal.isInteractive && !isJSON {
                // From the corner on, each line to its end, and nothing of the former page below: no flicker.
                let lines = "\(LocalTime.text(hs_wall_ms(), now: hs_wall_ms()))\n\n\(text)"
                text = "\u{1B}[H" + lines.replacing("\n", with: "\u{1B}[K\n") + "\u{1B}[J"
            } else if !isJSON {
                text += "\n"
            }
            guard StandardStream.output.write(text) else { return ExitCode.ok }
            usleep(watchMicroseconds)
        }
    }
}
