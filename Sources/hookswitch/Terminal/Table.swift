/// Rows under headings, each column as wide as its widest cell, or less where the terminal is narrow. What a stranger sent
/// is shown without control characters.
struct Table {
    /// One cell.
    struct Cell {
        var text: String
        var style = Terminal.Style.plain

        init(_ text: String, _ style: Terminal.Style = .plain) {
            self.text = text
            self.style = style
        }
    }

    private let headings: [String]
    private let kept: Set<String>
    private var rows: [[Cell]] = []

    /// `keeping` names the columns that are never cut: what somebody copies from them must be whole.
    init(_ headings: [String], keeping kept: Set<String> = []) {
        self.headings = headings
        self.kept = kept
    }

    var isEmpty: Bool { rows.isEmpty }
    var count: Int { rows.count }

    mutating func add(_ row: [String]) { add(row.map { Cell($0) }) }

    mutating func add(_ row: [Cell]) { rows.append(row.map { Cell(Table.cell($0.text), $0.style) }) }

    /// The table's text.
    var text: String { text(on: .output) }

    /// The table as it fits a terminal.
    func text(on terminal: Terminal) -> String {
        let layout = layout(on: terminal)
        return heading(layout, on: terminal) + rows.map { layout.line($0, on: terminal) }.joined()
    }

    /// How its columns stand, for the rows that it has.
    func layout(on terminal: Terminal) -> TableLayout {
        let widths = headings.indices.map { column in
            rows.reduce(DisplayWidth.of(headings[column])) { max($0, DisplayWidth.of($1[column].text)) }
        }
        let numeric = headings.indices.map { column in
            let cells = rows.map { $0[column].text }.filter { !$0.isEmpty }
            return !cells.isEmpty && cells.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        }
        return TableLayout(
            widths: widths, isNumeric: numeric, isKept: headings.map(kept.contains), within: terminal.width)
    }

    /// The line of the headings.
    func heading(_ layout: TableLayout, on terminal: Terminal) -> String {
        layout.line(headings.map { Cell($0, .strong) }, on: terminal)
    }

    /// A text as a cell.
    static func cell(_ text: String) -> String { shown(text, keepingLines: false) }

    /// A text without what would steer a terminal.
    static func shown(_ text: String, keepingLines: Bool) -> String {
        // Of a million cells nearly all are plain ASCII.
        if text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return text }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    if keepingLines && (scalar == "\n" || scalar == "\t") { return scalar }
                    // Marks that turn the direction of what is read would show an id as another one.
                    let isControl =
                        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                        || scalar.properties.isBidiControl
                    return isControl ? "\u{FFFD}" : scalar
                }))
    }
}
