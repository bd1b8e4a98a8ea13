import EventJSON
import Platform
import Relay

extension Verb {
    static let check = Verb(
        name: "check", summary: "shows all that is wrong with a configuration",
        options: [
            config, json,
            Option(
                "--live", "also ask the brokers of `spool.jetstream` what they are set to, and change nothing there"),
        ],
        discussion: """
            Exit code 78 if there is an error; warnings alone are 0. With --live 69 if no broker can be reached.
            """
    ) { arguments throws(Failure) in
        let file = ConfigurationFile(arguments)
        let live = arguments.has("--live") ? file.reading.configuration?.lookAtBrokers() : nil
        let findings = file.reading.findings + (live?.findings ?? [])
        if arguments.has("--json") {
            for finding in findings {
                var writer = JSONWriter()
                finding.write(to: &writer)
                StandardStream.output.write(writer.bytes + [0x0A])
            }
        } else {
            let printer = DiagnosticPrinter(file: file.path, document: file.reading.document)
            for finding in findings { StandardStream.output.write(printer.text(for: finding)) }
            StandardStream.output.write("\(file.path): \(Verb.summary(of: file.reading, findings))\n")
        }
        if let obstacle = live?.obstacle {
            throw Failure(
                ExitCode.unavailable, "no broker of `spool.jetstream` could be asked: \(obstacle)",
                hint: Configuration.Look.hint)
        }
        let isRight = file.reading.isUsable && !findings.contains { $0.severity == .error }
        return isRight ? ExitCode.ok : ExitCode.configuration
    }

    private static func summary(of reading: Configuration.Reading, _ findings: [Diagnostic]) -> String {
        func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
        let errors = findings.count { $0.severity == .error }
        let warnings = findings.count - errors
        let found = [(errors, "error"), (warnings, "warning")].filter { $0.0 > 0 }.map { counted($0.0, $0.1) }
        guard let configuration = reading.configuration else { return found.joined(separator: ", ") }
        let holds = [
            counted(configuration.sources.count, "source"), counted(configuration.routes.count, "route"),
            counted(configuration.targets.count, "target"),
        ].joined(separator: ", ")
        return (["right: \(holds)"] + found).joined(separator: "; ")
    }
}
