import EventJSON

/// One thing that is wrong with a configuration: where, what, and what to do.
public struct Diagnostic: Sendable, Equatable {
    /// How bad it is.
    public enum Severity: String, Sendable {
        case error, warning
    }

    /// How bad it is: an error keeps the configuration from being used.
    public var severity: Severity
    /// The place in the file.
    public var location: JSONDocument.Location
    /// The place in the value: `routes[0].match.type`; empty for the file itself.
    public var path: String
    /// What is wrong.
    public var message: String
    /// What to do; may be empty.
    public var hint: String

    /// One object, as `hookswitch check --json` prints it.
    public func write(to writer: inout JSONWriter) {
        writer.object {
            $0.member("severity", severity.rawValue)
            $0.member("line", location.line)
            $0.member("column", location.column)
            $0.member("path", path)
            $0.member("message", message)
            $0.member("hint", hint)
        }
    }
}

/// Prints findings like a compiler: place, the line, a caret, what to do.
public struct DiagnosticPrinter {
    private let file: String
    private let document: JSONDocument?

    /// The longest piece of a line that is shown, in characters.
    private static let widthLimit = 110

    /// A printer for the findings of a file; without a document no lines are shown.
    public init(file: String, document: JSONDocument?) {
        self.file = file
        self.document = document
    }

    /// The text for one finding.
    public func text(for finding: Diagnostic) -> String {
        let place = "\(file):\(finding.location.line):\(finding.location.column)"
        let message = finding.path.isEmpty ? finding.message : "\(finding.path): \(finding.message)"
        var text = "\(place): \(finding.severity.rawValue): \(message)\n"
        if let document {
            let line = Array(document.line(finding.location.line).unicodeScalars)
            let column = finding.location.column - 1
            let first = max(
                0, min(column - DiagnosticPrinter.widthLimit / 2, line.count - DiagnosticPrinter.widthLimit))
            let shown = line[min(first, line.count)..<min(line.count, first + DiagnosticPrinter.widthLimit)]
            // A tab stays a tab in the line of the caret, so that the caret stands under its place.
            let indent = line[min(first, line.count)..<max(min(first, line.count), min(column, line.count))]
                .map { $0 == "\t" ? "\t" : " " }.joined()
            text += "    " + String(String.UnicodeScalarView(shown)) + "\n    " + indent + "^\n"
        }
        if !finding.hint.isEmpty { text += "    hint: \(finding.hint)\n" }
        return text
    }
}
