/// A table whose rows come one at a time and may be millions: the first ones settle how wide its columns are.
struct RowStream {
    private let terminal: Terminal
    private let rowsForLayout: Int
    private var table: Table
    private var layout: TableLayout?
    private var output = GatheredOutput()
    /// Rows so far.
    private(set) var count = 0

    init(_ table: Table, rowsForLayout: Int, on terminal: Terminal) {
        self.table = table
        self.rowsForLayout = rowsForLayout
        self.terminal = terminal
    }

    /// Takes a row. False if nobody reads any more.
    mutating func add(_ row: [Table.Cell]) -> Bool {
        count += 1
        if let layout {
            let shown = row.map { Table.Cell(Table.cell($0.text), $0.style) }
            return output.write(layout.line(shown, on: terminal).utf8)
        }
        table.add(row)
        return table.count < rowsForLayout || flush()
    }

    /// Writes what waits, for the layout or for more. False if nobody reads any more.
    @discardableResult
    mutating func flush() -> Bool {
        if layout == nil, !table.isEmpty {
            layout = table.layout(on: terminal)
            guard output.write(table.text(on: terminal).utf8) else { return false }
        }
        return output.flush()
    }
}
