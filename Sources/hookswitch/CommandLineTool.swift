import EventJSON
import Platform

/// The command line: finds the verb, reads its arguments, says what went wrong.
enum CommandLineTool {
    /// The verbs in the order of the help.
    static let verbs: [Verb] = [
        .run, .check, .match, .send, .status, .audit, .failures, .show, .retry, .reload, .version, .help,
    ]

    /// Runs a command line without its program's name; answers the exit code.
    static func run(_ arguments: [String]) -> Int32 {
        do throws(Failure) {
            guard let name = arguments.first else {
                StandardStream.error.write(overview)
                return ExitCode.usage
            }
            let verb = try verb(named: name)
            let rest = Array(arguments.dropFirst())
            if rest.contains("--help") && verb.name != "help" {
                StandardStream.output.write(verb.helpText)
                return ExitCode.ok
            }
            return try verb.run(try Arguments(rest, for: verb))
        } catch {
            var text = "hookswitch: \(error.message)\n"
            if !error.hint.isEmpty { text += "  hint: \(error.hint)\n" }
            StandardStream.error.write(text)
            return error.exitCode
        }
    }

    /// A verb by its name.
    static func verb(named name: String) throws(Failure) -> Verb {
        let name = ["--help": "help", "-h": "help", "--version": "version"][name] ?? name
        if let verb = verbs.first(where: { $0.name == name }) { return verb }
        let near = Spelling.nearest(to: name, in: verbs.map(\.name))
        throw Failure(
            ExitCode.usage, "there is no verb \"\(name)\"",
            hint: near.map { "did you mean `hookswitch \($0)`?" } ?? "`hookswitch help` lists the verbs")
    }

    /// What `hookswitch help` shows.
    static var overview: String {
        var text = "hookswitch: accepts webhooks, keeps them safe, and passes them on\n\nverbs:\n"
        for verb in verbs {
            text += "  \(verb.name)" + String(repeating: " ", count: max(1, 11 - verb.name.count)) + verb.summary + "\n"
        }
        return text + "\n`hookswitch help VERB` tells more about one.\n"
    }
}
