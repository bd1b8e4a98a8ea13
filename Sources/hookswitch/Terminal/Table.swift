/// Rows under headings, each column as wide as its widest cell. What a stranger sent is shown without control characters.
struct Table {
    private static let cellLimit = 96

    private var rows: [[String]]

    init(_ headings: [String]) { rows = [headings] }

    var isEmpty: Bool { rows.count == 1 }

    mutating func add(_ row: [String]) { rows.append(row.map { Table.cell($0) }) }

    /// The table's text.
    var text: String {
        let widths = (0..<rows[0].count).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in Table.line(row, widths) }.joined()
    }

    /// One row in columns of fixed width, for lines that come one at a time.
    static func line(_ row: [String], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in row.enumerated() {
            line += cell
            if index < row.count - 1 { line += String(repeating: " ", count: max(0, widths[index] - cell.count) + 2) }
        }
        return line + "\n"
    }

    /// A text as a cell.
    static func cell(_ text: String) -> String {
        let plain = shown(text, keepingLines: false)
        return plain.count > cellLimit ? plain.prefix(cellLimit - 1) + "…" : plain
    }

    /// A text without what would steer a terminal.
    static func shown(_ text: String, keepingLines: Bool) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    if keepingLines && (scalar == "\n" || scalar == "\t") { return scalar }
                    let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
                    return isControl ? "\u{FFFD}" : scalar
                }))
    }
}
