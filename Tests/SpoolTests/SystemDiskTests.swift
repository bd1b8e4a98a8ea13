import Glibc
import Testing

@testable import Spool

struct SystemDiskTests {
    private let directory: TemporaryDirectory
    private let disk = SystemDisk()

    init() throws { directory = try TemporaryDirectory() }

    private func write(_ parts: [[UInt8]], to file: any DiskFile, at offset: Int) throws {
        let all = parts.map { part in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: part.count, alignment: 1)
            copy.copyBytes(from: part)
            return copy
        }
        defer { for buffer in all { buffer.deallocate() } }
        try file.write(all.map(UnsafeRawBufferPointer.init), at: offset)
    }

    @Test func buffersAreWrittenOneBehindTheOther() throws {
        let file = try disk.open(directory.path + "/a", create: true)
        try write([[1, 2], [], [3], [4, 5, 6]], to: file, at: 3)
        try file.sync()
        #expect(try file.size() == 9)
        #expect(try file.read(100, at: 0) == [0, 0, 0, 1, 2, 3, 4, 5, 6])
        #expect(try file.read(2, at: 4) == [2, 3])
        #expect(try file.read(2, at: 100) == [])
    }

    @Test func moreBuffersThanOneCallTakesAreAllWritten() throws {
        let file = try disk.open(directory.path + "/a", create: true)
        let parts = (0..<3000).map { [UInt8(truncatingIfNeeded: $0), 7] }
        try write(parts, to: file, at: 0)
        #expect(try file.read(6000, at: 0) == parts.flatMap { $0 })
    }

    @Test func aFileCanBeCutRenamedAndRemoved() throws {
        let path = directory.path + "/a"
        let file = try disk.open(path, create: true)
        try write([[1, 2, 3]], to: file, at: 0)
        try file.truncate(to: 1)
        try disk.rename(path, to: path + "b")
        try disk.syncDirectory(directory.path)
        #expect(try disk.list(directory.path) == ["ab"])
        #expect(try disk.open(path + "b", create: false).size() == 1)
        try disk.remove(path + "b")
        #expect(try disk.list(directory.path).isEmpty)
    }

    @Test func directoriesAreMadeWithThoseAboveThem() throws {
        let path = directory.path + "/a/b/c"
        try disk.makeDirectory(path)
        try disk.makeDirectory(path)
        #expect(try disk.list(directory.path + "/a/b") == ["c"])
    }

    @Test func aFailureNamesTheCallAndThePath() {
        let path = directory.path + "/none"
        #expect(throws: SpoolError.system(call: "open", path: path, errno: ENOENT)) {
            try disk.open(path, create: false)
        }
        #expect(throws: SpoolError.system(call: "opendir", path: path, errno: ENOENT)) { try disk.list(path) }
        #expect(throws: SpoolError.system(call: "unlink", path: path, errno: ENOENT)) { try disk.remove(path) }
        #expect(throws: SpoolError.system(call: "rename", path: path, errno: ENOENT)) {
            try disk.rename(path, to: path + "2")
        }
        #expect(throws: SpoolError.system(call: "statvfs", path: path, errno: ENOENT)) { try disk.freeBytes(path) }
    }

    @Test func aReadThatFailsIsAnError() throws {
        let file = try disk.open(directory.path + "/a", create: true)
        #expect(throws: SpoolError.self) { try file.read(10, at: -1) }
    }

    @Test func whatIsFreeIsKnown() throws {
        #expect(try disk.freeBytes(directory.path) > 0)
    }

    @Test func nothingIsMadeOnceTheLockWasRemoved() throws {
        let lock = try disk.lock(directory.path)
        _ = try disk.open(directory.path + "/a", create: true)
        try disk.remove(directory.path + "/lock")
        #expect(throws: SpoolError.system(call: "open", path: directory.path + "/b", errno: ESTALE)) {
            try disk.open(directory.path + "/b", create: true)
        }
        _ = try disk.open(directory.path + "/a", create: false)
        withExtendedLifetime(lock) {}
    }

    @Test func whoeverOnlyReadsASpoolOpensNothingForWriting() throws {
        let path = directory.path + "/file"
        try SystemDisk().open(path, create: true).write([1, 2, 3], at: 0)
        let file = try SystemDisk.forReading.open(path, create: false)
        #expect(try file.read(3, at: 0) == [1, 2, 3])
        #expect(throws: SpoolError.self) { try file.write([4], at: 0) }
    }
}
