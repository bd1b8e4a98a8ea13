/// How wide a table's columns are, and on which side their cells stand.
struct TableLayout: Equatable {
    /// Between two columns.
    private static let gap = 2
    /// No column is made narrower than this.
    private static let narrowest = 6

    private(set) var widths: [Int]
    private let isNumeric: [Bool]
    private let isKept: [Bool]

    /// Columns of these widths, or narrower ones: the widest gives way first, until all of them fit or none can give any more.
    init(widths: [Int], isNumeric: [Bool], isKept: [Bool], within limit: Int?) {
        self.widths = widths
        self.isNumeric = isNumeric
        self.isKept = isKept
        guard let limit else { return }
        var surplus = widths.reduce(0, +) + TableLayout.gap * (widths.count - 1) - limit
        while surplus > 0 {
            let candidates = widths.indices.filter { !isKept[$0] && self.widths[$0] > TableLayout.narrowest }
            guard let widest = candidates.max(by: { self.widths[$0] < self.widths[$1] }) else { return }
            self.widths[widest] -= 1
            surplus -= 1
        }
    }

    /// One row. The last cell is not filled up.
    func line(_ row: [Table.Cell], on terminal: Terminal) -> String {
        var line = ""
        for (index, cell) in row.enumerated() {
            let text =
                terminal.width == nil || isKept[index] ? cell.text : DisplayWidth.cut(cell.text, to: widths[index])
            let room = String(repeating: " ", count: max(0, widths[index] - DisplayWidth.of(text)))
            if isNumeric[index] { line += room }
            line += terminal.styled(text, cell.style)
            if index < row.count - 1 {
                line += (isNumeric[index] ? "" : room) + String(repeating: " ", count: TableLayout.gap)
            }
        }
        while line.last == " " { line.removeLast() }
        return line + "\n"
    }
}
