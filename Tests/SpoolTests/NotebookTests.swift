import Testing

@testable import Spool

struct NotebookTests {
    private let disk: SimulatedDisk
    private let directory = "/spool"

    init() throws {
        disk = SimulatedDisk()
        try disk.makeDirectory(directory)
        try disk.syncDirectory("/")
    }

    @Test func notesOutlastAPowerCutOnceTheyAreWritten() throws {
        let notebook = try Notebook(directory, disk: disk)
        #expect(notebook.notes(under: "").isEmpty)
        try notebook.change(["target/crm": [1, 2], "target/mail": [3], "job/1": []])
        try notebook.change(["target/mail": nil])
        let after = try Notebook(directory, disk: disk.crash(.nothing))
        #expect(after.notes(under: "target/") == ["crm": [1, 2]])
        #expect(after.notes(under: "job/") == ["1": []])
    }

    private func path(_ name: String) -> String { directory + "/" + name }

    @Test(arguments: ["notes", "notes.copy"], ["a bit", "its end", "everything", "the file"])
    func oneDamagedFileCostsNothingAndIsSaid(name: String, what: String) throws {
        try Notebook(directory, disk: disk).change(["a": [1], "b": [2], "c": [3]])
        switch what {
        case "a bit": disk.flipBit(path(name), byte: FileHeader.size + 80)
        case "its end": disk.alter(path(name)) { $0.removeLast(40) }
        case "everything": disk.alter(path(name)) { $0 = [] }
        default: try disk.remove(path(name))
        }
        var damages: [Damage] = []
        let notebook = try Notebook(directory, disk: disk) { damages.append($0) }
        #expect(notebook.notes(under: "") == ["a": [1], "b": [2], "c": [3]])
        // A second file that is not there may never have been.
        let isSaid = name == "notes" || what != "the file"
        #expect(damages.map(\.file) == (isSaid ? [.notes(isCopy: name == "notes.copy")] : []))
        #expect(damages.allSatisfy { $0.isMended })
        // Both are whole again.
        #expect(try Notebook.damages(directory, on: disk).isEmpty)
        #expect(disk.contents(path("notes")) == disk.contents(path("notes.copy")))
    }

    @Test func aNoteThatIsDamagedInBothFilesIsLeftOutAndTheOthersStay() throws {
        try Notebook(directory, disk: disk).change(["a": [1], "b": [2], "c": [3]])
        let firstNote = FileHeader.size + Record.paddedSize(payload: 4)
        for name in ["notes", "notes.copy"] { disk.flipBit(path(name), byte: firstNote + 34) }
        var damages: [Damage] = []
        let notebook = try Notebook(directory, disk: disk) { damages.append($0) }
        #expect(notebook.notes(under: "") == ["b": [2], "c": [3]])
        #expect(damages.count == 2 && damages.allSatisfy { !$0.isMended })
    }

    @Test func atAnyMomentOfAChangeACrashLeavesTheNotesBeforeOrAfterIt() throws {
        try Notebook(directory, disk: disk).change(["a": [1]])
        for calls in 0..<20 {
            let disk = self.disk.crash(.everything)
            let notebook = try Notebook(directory, disk: disk)
            disk.die(afterCalls: calls)
            try? notebook.change(["a": [2]])
            let after = disk.crash()
            #expect(try Notebook.damages(directory, on: after).isEmpty)
            let found = try Notebook(directory, disk: after).notes(under: "")
            #expect(found == ["a": [1]] || found == ["a": [2]])
        }
    }

    @Test func theSpoolCountsDamagedNotesAndSetsThemAside() throws {
        let log = NoticeLog()
        try Notebook(directory, disk: disk).change(["a": [1]])
        disk.flipBit(path("notes"), byte: FileHeader.size + 60)
        let spool = try Spool(SpoolSettings(path: directory), disk: disk, salt: { 7 }, notice: { log.note($0) })
        #expect(spool.status().corrupt == 1)
        #expect(log.damage.map(\.file) == [.notes(isCopy: false)])
        #expect(disk.paths(".bytes").count == 1)
        var reports: [SpoolInspection.FileReport] = []
        try SpoolInspection(path: directory, disk: disk).run { reports.append($0) }
        #expect(reports.filter { !$0.isSound }.map(\.name) == ["notes"])
        spool.close()
    }

    @Test func moreThanTheLimitIsRefusedAndWhatStoodStays() throws {
        let notebook = try Notebook(directory, disk: disk)
        try notebook.change(["a": [1]])
        #expect(throws: SpoolError.self) {
            try notebook.change(["b": [UInt8](repeating: 0, count: Notebook.limitBytes)])
        }
        #expect(try Notebook(directory, disk: disk).notes(under: "") == ["a": [1]])
    }
}
