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

    @Test func aDamagedNoteIsLeftOutAndTheOthersStay() throws {
        let notebook = try Notebook(directory, disk: disk)
        try notebook.change(["a": [1], "b": [2], "c": [3]])
        let file = try disk.open(directory + "/notes", create: false)
        try file.write([0xFF], at: FileHeader.size + 34)
        #expect(try Notebook(directory, disk: disk).notes(under: "") == ["b": [2], "c": [3]])
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
