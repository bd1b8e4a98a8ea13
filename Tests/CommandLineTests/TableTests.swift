import Testing

@testable import hookswitch

/// Tables as they stand on terminals and in files.
struct TableTests {
    private func table() -> Table {
        var table = Table(["DELIVERY", "ERROR", "COUNT"], keeping: ["DELIVERY"])
        table.add(["1042/a-long-target-name", "connection refused: nobody listens at 127.0.0.1:9099", "7"])
        table.add(["7/crm", "HTTP 500", "1234"])
        return table
    }

    @Test func aFileGetsEveryCellWholeAndNumbersStandOnTheRight() {
        #expect(
            table().text(on: .file) == """
                DELIVERY                 ERROR                                                 COUNT
                1042/a-long-target-name  connection refused: nobody listens at 127.0.0.1:9099      7
                7/crm                    HTTP 500                                               1234

                """)
    }

    @Test(arguments: [40, 60, 79]) func aNarrowTerminalCutsTheWidestColumnButNotTheOneThatIsCopied(_ width: Int) {
        let lines = table().text(on: .ofWidth(width)).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= width })
        #expect(lines[1].hasPrefix("1042/a-long-target-name  conn"))
        #expect(lines[1].contains("…"))
    }

    @Test func coloursAreForTerminalsThatHaveThemAndTakeNoRoom() {
        var table = Table(["A", "B"])
        table.add([Table.Cell("x", .bad), Table.Cell("y")])
        #expect(table.text(on: .ofWidth(80)) == "A  B\nx  y\n")
        let coloured = table.text(on: .ofWidth(80, colours: true))
        #expect(coloured.hasSuffix("\u{1B}[31mx\u{1B}[0m  y\n"))
    }

    @Test func whatAStrangerSentCannotSteerTheTerminal() {
        #expect(Table.cell("a\u{1B}[2Jb\nc\u{202E}d") == "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d")
    }

    @Test func wideLettersTakeTwoColumns() {
        #expect(DisplayWidth.of("日本") == 4)
        #expect(DisplayWidth.of("é") == 1)
        #expect(DisplayWidth.of("e\u{301}") == 1)
        #expect(DisplayWidth.cut("日本語", to: 5) == "日本…")
    }
}
