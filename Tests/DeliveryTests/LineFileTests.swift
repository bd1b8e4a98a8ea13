import Glibc
import Testing

@testable import Delivery

struct LineFileTests {
    private let directory = TemporaryDirectory()

    private func append(_ line: String, to name: String, mode: UInt32 = 0o640) throws {
        try LineFile(path: "\(directory.path)/\(name)", mode: mode).append(Array((line + "\n").utf8))
    }

    @Test func directoriesOnTheWayAreMade() throws {
        try append("{}", to: "a/b/c.ndjson")
        #expect(directory.lines("a/b/c.ndjson") == ["{}"])
    }

    @Test func aNewFileHasItsMode() throws {
        try append("{}", to: "f", mode: 0o600)
        var status = stat()
        #expect(stat("\(directory.path)/f", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func aModeThatIsWantedIsNotMaskedAndTheUsualOneIs() throws {
        try append("{}", to: "f", mode: 0o666)
        _ = try LineFile(path: "\(directory.path)/g")
        var status = stat()
        #expect(stat("\(directory.path)/f", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o666)
        #expect(stat("\(directory.path)/g", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o640)
    }

    @Test func aPipeIsNoFileAndADeviceIsOne() throws {
        let path = "\(directory.path)/pipe"
        try #require(mkfifo(path, 0o600) == 0)
        let fault = #expect(throws: LineFile.Fault.self) { try LineFile(path: path) }
        #expect(fault?.reason == "open \(path): it is a pipe, and not a file")
        try LineFile(path: "/dev/null").append(Array("{}\n".utf8))
    }

    @Test func aLinkThatLeadsToNoFileYetMakesIt() throws {
        try #require(symlink("\(directory.path)/there", "\(directory.path)/link") == 0)
        try append("{}", to: "link")
        #expect(directory.lines("there") == ["{}"])
    }

    @Test func whatWasThereStays() throws {
        directory.write("f", "{\"n\":1}\n")
        try append("{\"n\":2}", to: "f")
        #expect(directory.lines("f") == ["{\"n\":1}", "{\"n\":2}"])
    }

    @Test func aTornLastLineIsCutBeforeTheNext() throws {
        directory.write("f", "{\"n\":1}\n{\"n\":")
        try append("{\"n\":2}", to: "f")
        #expect(directory.lines("f") == ["{\"n\":1}", "{\"n\":2}"])
    }

    @Test func aWholeLastLineWithoutItsEndIsEnded() throws {
        directory.write("f", "{\"n\":1}\n{\"n\":2}")
        try append("{\"n\":3}", to: "f")
        #expect(directory.lines("f") == ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"])
    }

    @Test func sizeCountsWhatWasThereAndWhatCame() throws {
        directory.write("f", "{\"n\":1}\n{\"n\":")
        let file = try LineFile(path: "\(directory.path)/f", mode: 0o640)
        #expect(file.sizeBytes == 8)
        try file.append(Array("{}\n".utf8))
        #expect(file.sizeBytes == 11)
    }

    @Test func itTellsWhetherThePathStillLeadsToIt() throws {
        let path = "\(directory.path)/f"
        let file = try LineFile(path: path, mode: 0o640)
        #expect(file.isInPlace)
        rename(path, path + ".1")
        #expect(!file.isInPlace)
        directory.write("f", "")
        #expect(!file.isInPlace)
    }

    @Test func aFileSetAsideHasTheTimeInItsName() throws {
        let path = "\(directory.path)/failures.ndjson"
        for _ in 1...3 { try LineFile(path: path, mode: 0o640).setAside(at: 1_767_225_600_000) }
        #expect(
            directory.names() == [
                "failures-20260101T000000Z-2.ndjson", "failures-20260101T000000Z-3.ndjson",
                "failures-20260101T000000Z.ndjson",
            ])
    }

    @Test func aNameIsSplitAtItsLastDot() {
        func split(_ path: String) -> [String] { [LineFile.split(path).stem, LineFile.split(path).suffix] }
        #expect(split("/a/b.ndjson") == ["/a/b", ".ndjson"])
        #expect(split("/a.d/b") == ["/a.d/b", ""])
        #expect(split("/a/.hidden") == ["/a/.hidden", ""])
        #expect(split("/a/b.2026.log") == ["/a/b.2026", ".log"])
    }

    @Test func aFileWhereADirectoryShouldBeIsAFaultThatNamesIt() {
        directory.write("f", "")
        #expect(throws: LineFile.Fault(call: "open", path: "\(directory.path)/f/g", errno: ENOTDIR)) {
            try LineFile(path: "\(directory.path)/f/g", mode: 0o640)
        }
    }

    @Test func aFullDiskIsAFaultThatNamesItsCall() throws {
        let full = try LineFile(path: "/dev/full", mode: 0o640)
        #expect(throws: LineFile.Fault(call: "write", path: "/dev/full", errno: ENOSPC)) {
            try full.append([1, 2, 3])
        }
    }
}
