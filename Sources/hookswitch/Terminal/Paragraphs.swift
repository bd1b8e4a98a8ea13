/// A text of paragraphs, broken into lines as wide as there is room.
struct Paragraphs {
    /// One of them; a kept one has its own lines.
    enum Paragraph: Equatable {
        case flowing(String)
        case kept([String])
    }

    let paragraphs: [Paragraph]

    /// Paragraphs stand between empty lines. Lines that begin with a space are kept as they are.
    init(_ text: String) {
        var paragraphs: [Paragraph] = []
        var isBetween = true
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.isEmpty {
                isBetween = true
                continue
            }
            switch paragraphs.last {
            case .kept(let lines)? where line.hasPrefix(" ") && !isBetween:
                paragraphs[paragraphs.count - 1] = .kept(lines + [line])
            case .flowing(let before)? where !line.hasPrefix(" ") && !isBetween:
                paragraphs[paragraphs.count - 1] = .flowing(before + " " + line)
            default: paragraphs.append(line.hasPrefix(" ") ? .kept([line]) : .flowing(line))
            }
            isBetween = false
        }
        self.paragraphs = paragraphs
    }

    /// Lines of at most `width` columns, where words let that be, each behind `indent` spaces.
    func text(width: Int, indent: Int = 0) -> String {
        let margin = String(repeating: " ", count: indent)
        return paragraphs.map { paragraph in
            switch paragraph {
            case .kept(let lines): lines.map { margin + $0 + "\n" }.joined()
            case .flowing(let text):
                Paragraphs.lines(of: text, width: width - indent).map { margin + $0 + "\n" }.joined()
            }
        }.joined(separator: "\n")
    }

    private static func lines(of text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty && line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return lines + (line.isEmpty ? [] : [line])
    }
}
