import CPlatform
import Synchronization
import Testing

@testable import Spool

struct DirectFileTests {
    private let directory: TemporaryDirectory
    private let disk = SystemDisk()

    init() throws { directory = try TemporaryDirectory() }

    private func file(_ content: [UInt8] = []) throws -> any DiskFile {
        let path = directory.path + "/a"
        let made = try disk.open(path, create: true)
        if !content.isEmpty { try made.write(content, at: 0) }
        return try disk.openToAppend(path)
    }

    private func wholeBlocks(_ count: Int) -> Int { (count + 4095) / 4096 * 4096 }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func whatIsAppendedStandsThereWithZerosToTheBlocksEnd(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var expected = (0..<random.below(9000)).map { UInt8(truncatingIfNeeded: $0) }
        let file = try file(expected)
        for round in 0..<40 {
            let bytes = (0..<random.below(random.onceIn(8) ? 700_000 : 6000)).map {
                UInt8(truncatingIfNeeded: $0 &* 31 &+ round)
            }
            try file.write(bytes, at: expected.count)
            try file.sync()
            expected += bytes
        }
        let read = try disk.open(directory.path + "/a", create: false).read(expected.count + 8192, at: 0)
        #expect(read.prefix(expected.count).elementsEqual(expected))
        #expect(read.dropFirst(expected.count).allSatisfy { $0 == 0 })
        #expect(read.count <= wholeBlocks(expected.count))
    }

    @Test func zerosAheadStayOutOfTheWay() throws {
        let file = try file(Array("begun".utf8))
        let zeros = UnsafeRawBufferPointer(start: hs_zeros(), count: 65536)
        try file.write([UnsafeRawBufferPointer(rebasing: zeros[..<4091])], at: 5)
        try file.write([zeros, zeros], at: 4096)
        try file.write(Array("and gone on".utf8), at: 5)
        try file.write(Array(", twice".utf8), at: 16)
        #expect(try file.read(30, at: 0) == Array("begunand gone on, twice".utf8) + [UInt8](repeating: 0, count: 7))
        #expect(try file.size() == 4096 + 131_072)
    }

    @Test func aCutFileGoesOnWhereItWasCut() throws {
        let file = try file()
        try file.write(Array("one two three".utf8), at: 0)
        try file.truncate(to: 4)
        try file.write(Array("and".utf8), at: 4)
        #expect(try file.read(7, at: 0) == Array("one and".utf8))
    }

    @Test func whereThereIsNoWritingPastTheCacheAFileIsWrittenAsEver() throws {
        let path = "/dev/shm/hookswitch-\(UInt64.random(in: 0...UInt64.max))"
        let made = try disk.open(path, create: true)
        defer { try? disk.remove(path) }
        let file = try disk.openToAppend(path)
        try file.write(Array("one".utf8), at: 0)
        try file.write(Array(" two".utf8), at: 3)
        try file.sync()
        #expect(try made.read(7, at: 0) == Array("one two".utf8))
    }

    @Test func anErasedEventStaysErasedWhenTheNextIsWrittenBesideIt() throws {
        let spool = try Spool(SpoolSettings(path: directory.path + "/spool"), notice: { _ in })
        defer { spool.close() }
        let queue = try spool.queue(named: "crm")
        let secret = "someone's address"
        let number = try #require(accepted([NewEvent(secret, to: queue)], by: spool).first)
        _ = try spool.erase([number])
        _ = accepted([NewEvent("the next", to: queue)], by: spool)
        let segments = directory.path + "/spool/segments"
        for name in try disk.list(segments) {
            let file = try disk.open(segments + "/" + name, create: false)
            let text = String(decoding: try file.read(try file.size(), at: 0), as: UTF8.self)
            #expect(!text.contains(secret), "\(name) still has it")
        }
    }

    private func accepted(_ events: [NewEvent], by spool: Spool) -> [EventNumber] {
        let outcome = Mutex<CommitOutcome?>(nil)
        withBatch(events) { batch in spool.commit(batch) { result in outcome.withLock { $0 = result } } }
        return outcome.withLock { $0?.accepted ?? [] }.map(EventNumber.init(rawValue:))
    }
}
