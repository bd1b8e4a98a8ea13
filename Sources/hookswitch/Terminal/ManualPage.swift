import Relay

/// Manual pages in the language of man(7), made of what the verbs say of themselves.
enum ManualPage {
    private static let environment = [
        ("HOOKSWITCH_CONFIG", "The configuration, where --config is not given."),
        ("NO_COLOR", "No colours, whatever it is set to."),
        ("TZ", "The time zone in which moments are shown and read."),
    ]

    private static let exitCodes = [
        (0, "It is done."), (1, "A run-time failure."), (64, "The command line is wrong."), (65, "Bad data."),
        (69, "The daemon, or the brokers, can't be reached."), (73, "A file can't be made."),
        (74, "A file can't be read or written."),
        (78, "The configuration is wrong."),
    ]

    /// `hookswitch(1)`.
    static var overview: String {
        var page = heading("hookswitch", CommandLineTool.summary)
        page += section("SYNOPSIS") + ".B hookswitch\n.I VERB\n.RI [ options ]\n"
        page += section("DESCRIPTION")
        page += paragraph(
            "A single long-running process accepts webhooks, matches them against the rules in routes.json, and passes each on to HTTP endpoints, files and commands. What it has answered with 202 is on the disk: it is delivered, or it is one line in failures.ndjson that can be sent again."
        )
        for chapter in CommandLineTool.chapters {
            page += ".SS \(escaped(chapter.title))\n"
            for verb in chapter.verbs { page += term("hookswitch \(verb.name)", verb.summary + ".") }
        }
        page += section("FILES")
        page += term("routes.json", "The configuration; /etc/hookswitch/routes.json where the package is installed.")
        page += term("spool/failures.ndjson", "One line for each delivery that was given up.")
        page += term("spool/audit.ndjson", "One line for each attempt's outcome.")
        page += term("spool/hookswitch.sock", "What the verbs talk to the daemon by.")
        page += ending
        page += section("SEE ALSO")
        page += CommandLineTool.verbs.map { ".BR hookswitch-\($0.name) (1)" }.joined(separator: ",\n") + "\n"
        return page
    }

    /// `hookswitch-VERB(1)`.
    static func text(_ verb: Verb) -> String {
        var page = heading("hookswitch-\(verb.name)", verb.summary)
        page += section("SYNOPSIS") + ".B hookswitch \(escaped(verb.name))\n"
        if !verb.options.isEmpty { page += ".RI [ options ]\n" }
        if !verb.operands.isEmpty { page += ".I \(escaped(verb.operands))\n" }
        page += section("DESCRIPTION") + paragraph("\(verb.summary.prefix(1).uppercased())\(verb.summary.dropFirst()).")
        for part in Paragraphs(verb.discussion).paragraphs {
            switch part {
            case .flowing(let text): page += paragraph(text)
            case .kept(let lines): page += example(lines)
            }
        }
        page += section("OPTIONS")
        for option in verb.allOptions {
            page += ".TP\n.BR \(escaped(option.name))"
            if let value = option.value { page += " \" \" \\fI\(escaped(value))\\fR" }
            page += "\n" + line(option.help.prefix(1).uppercased() + option.help.dropFirst() + ".")
        }
        if !verb.examples.isEmpty {
            page += section("EXAMPLES")
            for one in verb.examples { page += term(one.command, one.purpose) }
        }
        return page + ending + section("SEE ALSO") + ".BR hookswitch (1)\n"
    }

    private static func heading(_ name: String, _ summary: String) -> String {
        """
        .\\" Made by deploy/man/generate from the verbs' own help. Changes are made there.
        .TH \(name.uppercased()) 1 "" "hookswitch \(hookswitchVersion)" "User Commands"
        .SH NAME
        \(escaped(name)) \\- \(escaped(summary))

        """
    }

    private static var ending: String {
        var text = section("EXIT STATUS")
        for code in exitCodes { text += term("\(code.0)", code.1) }
        text += section("ENVIRONMENT")
        for variable in environment { text += term(variable.0, variable.1) }
        return text
    }

    private static func section(_ title: String) -> String { ".SH \(title)\n" }

    private static func paragraph(_ text: String) -> String { ".PP\n" + line(text) }

    private static func term(_ word: String, _ meaning: String) -> String {
        ".TP\n.B \"\(escaped(word).replacing("\"", with: "\\(dq"))\"\n" + line(meaning)
    }

    private static func example(_ lines: [String]) -> String {
        ".PP\n.EX\n" + lines.map(line).joined() + ".EE\n"
    }

    /// A line of text. What stands between backquotes is bold.
    private static func line(_ text: some StringProtocol) -> String {
        var out = ""
        for (index, part) in text.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
            out += index % 2 == 0 ? escaped(part) : "\\fB\(escaped(part))\\fR"
        }
        // A line that begins with a point or an apostrophe would be a request.
        return (out.hasPrefix(".") || out.hasPrefix("'") ? "\\&" : "") + out + "\n"
    }

    private static func escaped(_ text: some StringProtocol) -> String {
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\e"
            case "-": out += "\\-"
            case "…": out += "..."
            case "'": out += "\\(aq"
            case "^": out += "\\(ha"
            case "~": out += "\\(ti"
            default: out.append(character)
            }
        }
        return out
    }
}
