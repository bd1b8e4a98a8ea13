/// One verb of the command line. Its help, its manual page and what shells complete are all made of this.
struct Verb: Sendable {
    /// A command line and what it is for.
    struct Example: Sendable {
        var command: String
        var purpose: String

        init(_ command: String, _ purpose: String) {
            self.command = command
            self.purpose = purpose
        }
    }

    var name: String
    /// What it takes besides options, for its help.
    var operands = ""
    /// What a shell offers for them.
    var completing = Completion.nothing
    /// One line, without a capital or a full stop.
    var summary: String
    var options: [Option] = []
    /// Longer help: paragraphs with an empty line between them. Lines that begin with a space are kept as they are.
    var discussion = ""
    var examples: [Example] = []
    var run: @Sendable (Arguments) throws(Failure) -> Int32

    static let config = Option(
        "--config", "FILE",
        "the configuration; without it $HOOKSWITCH_CONFIG, routes.json or /etc/hookswitch/routes.json")
    static let json = Option("--json", "objects for programs, one a line, instead of a table")
    static let cluster = Option("--cluster", "of all relays that share the `spool.jetstream` of the configuration")
    private static let helpOption = Option("--help", "this text")

    var allOptions: [Option] { options + [Verb.helpOption] }
    var takesRest: Bool { !operands.isEmpty }

    /// How it is written: `hookswitch show [options] EVENT`.
    var usage: String {
        "hookswitch \(name)\(options.isEmpty ? "" : " [options]")\(operands.isEmpty ? "" : " \(operands)")"
    }
}
