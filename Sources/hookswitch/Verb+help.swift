extension Verb {
    /// The help text, as wide as the terminal lets it be.
    func helpText(on terminal: Terminal = .output) -> String {
        let width = min(terminal.width ?? 100, 100)
        var text = "\(terminal.styled(usage, .strong))\n\n" + Paragraphs("\(summary).").text(width: width)
        if !discussion.isEmpty { text += "\n" + Paragraphs(discussion).text(width: width) }
        text += "\noptions:\n"
        text += Verb.list(
            allOptions.map { ($0.name + ($0.value.map { " \($0)" } ?? ""), $0.help) }, width: width, on: terminal)
        if !examples.isEmpty {
            text += "\nexamples:\n"
            for example in examples {
                text += "  \(terminal.styled(example.command, .strong))\n"
                text += Paragraphs(example.purpose).text(width: width, indent: 6)
            }
        }
        return text
    }

    /// Words with what they mean beside them.
    static func list(
        _ entries: [(word: String, meaning: String)], column: Int? = nil, width: Int, on terminal: Terminal
    ) -> String {
        let column = column ?? min(24, (entries.map(\.word.count).max() ?? 0) + 4)
        var text = ""
        for entry in entries {
            let meaning = Paragraphs(entry.meaning).text(width: width, indent: column)
            let left = "  " + terminal.styled(entry.word, .strong)
            if entry.word.count + 4 <= column {
                text += left + String(repeating: " ", count: column - 2 - entry.word.count) + meaning.dropFirst(column)
            } else {
                text += left + "\n" + meaning
            }
        }
        return text
    }
}
