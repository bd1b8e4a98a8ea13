import CPlatform
import Testing

@testable import Spool

struct FileHeaderTests {
    private func read(_ bytes: [UInt8]) throws -> FileHeader? {
        let disk = SimulatedDisk()
        disk.place("/a", bytes)
        return try FileHeader.read(disk.open("/a", create: false), path: "/a", first: 1)
    }

    /// A header as a program of another version would write it.
    static func header(version: UInt32, purpose: UInt32 = 1, first: UInt64 = 1) -> [UInt8] {
        var bytes = Array("HOOKSPOL".utf8)
        bytes.append(littleEndian: version)
        bytes.append(littleEndian: purpose)
        bytes.append(littleEndian: first)
        bytes.append(littleEndian: bytes.withUnsafeBytes { hs_crc32c(0, $0.baseAddress, $0.count) })
        bytes.append(littleEndian: UInt32(0))
        return bytes
    }

    @Test func aHeaderIsReadAsItWasWritten() throws {
        let bytes = FileHeader(purpose: .journal, first: 1, salt: 0xABCD_EF01).encoded
        #expect(bytes.count == FileHeader.size)
        let header = try #require(try read(bytes))
        #expect(header.purpose == .journal)
        #expect(header.first == 1)
        #expect(header.generation == 0xABCD_EF01_0000_0001)
    }

    @Test func aShortOrEmptyOrZeroedFileHasNone() throws {
        #expect(try read([]) == nil)
        #expect(try read(Array(FileHeader(purpose: .segment, first: 1, salt: 0).encoded.dropLast())) == nil)
        #expect(try read(Array(repeating: 0, count: 64)) == nil)
    }

    @Test func aFlippedBitMakesItNone() throws {
        for byte in 0..<32 {
            var bytes = FileHeader(purpose: .segment, first: 1, salt: 0).encoded
            bytes[byte] ^= 0x10
            #expect(try read(bytes) == nil, "byte \(byte)")
        }
    }

    @Test func theFirstFormatsHeaderIsRead() throws {
        let header = try #require(try read(FileHeaderTests.header(version: 1)))
        #expect(header.generation == 1)
        #expect(!header.isCurrent)
    }

    @Test func theHeaderOfAFileThatIsWrittenOverIsNone() throws {
        #expect(try read(FileHeader(purpose: .segment, first: 2, salt: 0).encoded) == nil)
    }

    @Test func aNewerVersionIsRefusedAndNamed() {
        #expect(throws: SpoolError.newerVersion(path: "/a", found: 3, known: 2)) {
            try read(FileHeaderTests.header(version: 3))
        }
    }

    @Test func aReadThatFailsIsAnError() throws {
        let disk = SimulatedDisk()
        disk.place("/a", FileHeader(purpose: .segment, first: 1, salt: 0).encoded)
        let file = try disk.open("/a", create: false)
        disk.fail(.init(call: .read))
        #expect(throws: SpoolError.system(call: "read", path: "/a", errno: 5)) {
            try FileHeader.read(file, path: "/a", first: 1)
        }
    }
}
