/// One verb of the command line.
struct Verb: Sendable {
    var name: String
    /// What it takes besides options, for its help.
    var operands = ""
    var summary: String
    var options: [Option] = []
    /// Longer help, shown by `hookswitch help NAME`.
    var discussion = ""
    var run: @Sendable (Arguments) throws(Failure) -> Int32

    static let config = Option("--config", "FILE", "the configuration; $HOOKSWITCH_CONFIG or routes.json without it")
    static let json = Option("--json", "objects for programs, one a line, instead of a table")
    private static let helpOption = Option("--help", "this text")

    var allOptions: [Option] { options + [Verb.helpOption] }
    var takesRest: Bool { !operands.isEmpty }

    /// The help text.
    var helpText: String {
        var text =
            "hookswitch \(name)\(options.isEmpty ? "" : " [options]")\(operands.isEmpty ? "" : " \(operands)")\n\n\(summary).\n"
        if !discussion.isEmpty { text += "\n\(discussion)\n" }
        text += "\noptions:\n"
        for option in allOptions {
            let left = "  \(option.name)\(option.value.map { " \($0)" } ?? "")"
            text += left + String(repeating: " ", count: max(2, 22 - left.count)) + option.help + "\n"
        }
        return text
    }
}
