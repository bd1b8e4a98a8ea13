import Glibc
import Testing

@testable import Delivery

struct RotatingFileTests {
    private let directory = TemporaryDirectory()
    /// 2026-01-01T00:00:00Z, and a second more for each `step`.
    private func moment(_ step: Int64 = 0) -> Moment { .at(1_767_225_600_000 + step * 1000) }
    private func line(_ text: String) -> [UInt8] { Array((text + "\n").utf8) }

    @Test func aFullFileIsSetAsideAndTheLineBeginsANewOne() throws {
        var file = RotatingFile(path: "\(directory.path)/f.ndjson", rotateBytes: 10)
        for text in ["12345", "6789", "next"] { try file.append(line(text), now: moment()) }
        #expect(directory.names() == ["f-20260101T000000Z.ndjson", "f.ndjson"])
        #expect(directory.lines("f-20260101T000000Z.ndjson") == ["12345"])
        #expect(directory.lines("f.ndjson") == ["6789", "next"])
    }

    @Test func aLineLongerThanTheLimitIsWrittenWholeIntoAFileOfItsOwn() throws {
        var file = RotatingFile(path: "\(directory.path)/f.ndjson", rotateBytes: 4)
        try file.append(line("123456789"), now: moment())
        try file.append(line("x"), now: moment(1))
        #expect(directory.lines("f-20260101T000001Z.ndjson") == ["123456789"])
        #expect(directory.lines("f.ndjson") == ["x"])
    }

    @Test func whatAnEarlierRunWroteCounts() throws {
        directory.write("f.ndjson", "12345678\n")
        var file = RotatingFile(path: "\(directory.path)/f.ndjson", rotateBytes: 10)
        try file.append(line("x"), now: moment())
        try file.append(line("y"), now: moment())
        #expect(directory.lines("f-20260101T000000Z.ndjson") == ["12345678"])
        #expect(directory.lines("f.ndjson") == ["x", "y"])
    }

    @Test func aNewPeriodBeginsANewFileAlsoAfterARestart() throws {
        let path = "\(directory.path)/f.ndjson"
        let day: Int64 = 86_400_000
        var file = RotatingFile(path: path, rotateBytes: nil)
        file.rotatePeriodMilliseconds = day
        let evening = Moment.at(1_767_225_600_000 - 1000)
        try file.append(line("a"), now: evening)
        try file.append(line("b"), now: evening)
        let name = try file.append(line("c"), now: .at(evening.wall + 2000))
        #expect(name == "\(directory.path)/f-20260101T000001Z.ndjson")
        #expect(directory.lines("f-20260101T000001Z.ndjson") == ["a", "b"])
        #expect(directory.lines("f.ndjson") == ["c"])
        #expect(try file.append(line("d"), now: evening) == nil, "a clock set back begins no new one")
        // The file's own time of change is what a restart has: long after all of this.
        var after = RotatingFile(path: path, rotateBytes: nil)
        after.rotatePeriodMilliseconds = day
        #expect(try after.append(line("e"), now: .at(Moment.now.wall + 2 * day)) != nil)
    }

    @Test func onlySoManyAreKeptTheLatest() throws {
        directory.write("f-notes.txt", "")
        directory.write("g-20200101T000000Z.ndjson", "")
        var file = RotatingFile(path: "\(directory.path)/f.ndjson", rotateBytes: 1, keep: 2)
        for step in 0..<5 { try file.append(line("\(step)"), now: moment(Int64(step))) }
        #expect(
            directory.names() == [
                "f-20260101T000003Z.ndjson", "f-20260101T000004Z.ndjson", "f-notes.txt", "f.ndjson",
                "g-20200101T000000Z.ndjson",
            ])
    }

    @Test func aFileThatWasMovedOrRemovedIsBegunAnew() throws {
        let path = "\(directory.path)/f"
        var file = RotatingFile(path: path, rotateBytes: nil)
        try file.append(line("1"), now: moment())
        rename(path, path + ".old")
        try file.append(line("2"), now: moment())
        unlink(path)
        try file.append(line("3"), now: moment())
        #expect(directory.lines("f.old") == ["1"])
        #expect(directory.lines("f") == ["3"])
    }

    @Test func aDirectoryThatVanishesIsMadeAgain() throws {
        var file = RotatingFile(path: "\(directory.path)/a/b/f", rotateBytes: nil)
        try file.append(line("1"), now: moment())
        TemporaryDirectory.remove("\(directory.path)/a")
        try file.append(line("2"), now: moment())
        #expect(directory.lines("a/b/f") == ["2"])
    }

    @Test func afterCloseTheNextLineOpensIt() throws {
        var file = RotatingFile(path: "\(directory.path)/f", rotateBytes: nil)
        try file.append(line("1"), now: moment())
        #expect(file.isOpen)
        file.close()
        #expect(!file.isOpen)
        try file.append(line("2"), now: moment())
        try file.sync()
        #expect(directory.lines("f") == ["1", "2"])
    }
}
