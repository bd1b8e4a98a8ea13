import EventJSON
import Glibc
import Platform

/// The command line: finds the verb, reads its arguments, says what went wrong.
enum CommandLineTool {
    /// Verbs that belong together.
    struct Chapter: Sendable {
        var title: String
        var verbs: [Verb]
    }

    /// All verbs, in the order of the help.
    static let chapters = [
        Chapter(title: "the relay", verbs: [.initialize, .run, .check, .reload]),
        Chapter(title: "events and routes", verbs: [.match, .send]),
        Chapter(title: "what goes on", verbs: [.status, .audit, .failures, .show]),
        Chapter(title: "sending again", verbs: [.quarantine, .retry, .replay]),
        Chapter(title: "whole queues", verbs: [.pause, .resume, .drop, .move]),
        Chapter(title: "the spool itself", verbs: [.spool]),
        Chapter(title: "the rest", verbs: [.schema, .completions, .version, .help]),
    ]

    static let summary = "accepts webhooks, keeps them safe, and passes them on"

    static var verbs: [Verb] { chapters.flatMap(\.verbs) }

    /// Runs a command line without its program's name; answers the exit code.
    static func run(_ arguments: [String]) -> Int32 {
        do throws(Failure) {
            let code = try obey(arguments)
            if let fault = StandardStream.outputFault {
                throw Failure(
                    ExitCode.file, "standard output can't be written: \(String(cString: strerror(fault)))",
                    hint: "what came out is not all")
            }
            return code
        } catch {
            let terminal = Terminal(of: .error)
            var text = "\(terminal.styled("hookswitch:", .bad)) \(Table.shown(error.message, keepingLines: true))\n"
            if !error.hint.isEmpty { text += "  hint: \(Table.shown(error.hint, keepingLines: true))\n" }
            StandardStream.error.write(text)
            return error.exitCode
        }
    }

    private static func obey(_ arguments: [String]) throws(Failure) -> Int32 {
        guard let name = arguments.first else {
            StandardStream.error.write(overview(on: Terminal(of: .error)))
            return ExitCode.usage
        }
        let verb = try verb(named: name)
        let rest = Array(arguments.dropFirst())
        if verb.name != Verb.help.name && rest.prefix(while: { $0 != "--" }).contains(where: isHelp) {
            StandardStream.output.write(verb.helpText())
            return ExitCode.ok
        }
        return try verb.run(try Arguments(rest, for: verb))
    }

    private static func isHelp(_ argument: String) -> Bool { argument == "--help" || argument == "-h" }

    /// A verb by its name.
    static func verb(named name: String) throws(Failure) -> Verb {
        let name = ["--help": "help", "-h": "help", "--version": "version"][name] ?? name
        if let verb = verbs.first(where: { $0.name == name }) { return verb }
        if name.hasPrefix("-") {
            throw Failure(
                ExitCode.usage, "a verb comes before its options, and \(name) is none",
                hint: "like `hookswitch status --config routes.json`; `hookswitch help` lists the verbs")
        }
        let near = Spelling.nearest(to: name, in: verbs.map(\.name))
        throw Failure(
            ExitCode.usage, "there is no verb \"\(name)\"",
            hint: near.map { "did you mean `hookswitch \($0)`?" } ?? "`hookswitch help` lists the verbs")
    }

    /// What `hookswitch help` shows.
    static func overview(on terminal: Terminal = .output) -> String {
        let width = min(terminal.width ?? 100, 100)
        var text = "\(terminal.styled("hookswitch", .strong)): \(summary)\n"
        for chapter in chapters {
            text += "\n\(chapter.title):\n"
            // The columns of all chapters stand under one another.
            text += Verb.list(chapter.verbs.map { ($0.name, $0.summary) }, column: 16, width: width, on: terminal)
        }
        return text + "\n`hookswitch help VERB` tells more about one.\n"
    }
}
