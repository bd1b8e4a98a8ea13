import CPlatform
import Synchronization
import Testing

@testable import Spool

struct DirectFileTests {
    private let directory: TemporaryDirectory
    private let disk = SystemDisk()

    init() throws { directory = try TemporaryDirectory() }

    /// Writes so many bytes of a value from memory that begins at a block.
    private func write(_ value: UInt8, _ count: Int, to file: any DiskFile, at offset: Int) throws {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: SegmentWriter.blockBytes)
        defer { bytes.deallocate() }
        bytes.initializeMemory(as: UInt8.self, repeating: value)
        try file.write([UnsafeRawBufferPointer(bytes)], at: offset)
    }

    /// Whole blocks, which go past the page cache where they can, and others in any order: each sees what the one before wrote.
    private func blocksAndOthersAgree(in path: String, _ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let made = try disk.open(path, create: true)
        let file = try disk.openDirect(path)
        var expected: [UInt8] = []
        for round in 0..<60 {
            let isWhole = random.onceIn(2)
            let unit = isWhole ? SegmentWriter.blockBytes : 1
            let offset = random.below(expected.count / unit + 1) * unit
            let count = (1 + random.below(isWhole ? 20 : 9000)) * unit
            try write(UInt8(round + 1), count, to: file, at: offset)
            if expected.count < offset + count {
                expected += [UInt8](repeating: 0, count: offset + count - expected.count)
            }
            expected.replaceSubrange(offset..<offset + count, with: repeatElement(UInt8(round + 1), count: count))
            if random.onceIn(10) {
                expected.removeLast(random.below(expected.count))
                try file.truncate(to: expected.count)
            }
            try file.sync()
            #expect(try made.read(expected.count + 1, at: 0) == expected)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func wholeBlocksAndOthersAgree(seed: UInt64) throws { try blocksAndOthersAgree(in: directory.path + "/a", seed) }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func whereThereIsNoWritingPastTheCacheAFileIsWrittenAsEver(seed: UInt64) throws {
        let path = "/dev/shm/hookswitch-\(UInt64.random(in: 0...UInt64.max))"
        defer { try? disk.remove(path) }
        try blocksAndOthersAgree(in: path, seed)
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func eventsOfAnySizeAreReadFromMemoryAndFromTheDiskAsTheyCame(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var settings = SpoolSettings(path: directory.path + "/spool")
        settings.minFreeBytes = 0
        var bodies: [EventNumber: [UInt8]] = [:]
        for _ in 0..<2 {
            let spool = try Spool(settings, notice: { _ in })
            let queue = try spool.queue(named: "crm")
            for round in 0..<30 {
                let limit = random.onceIn(10) ? 3 << 20 : 6000
                let events = (0..<1 + random.below(6)).map { _ in NewEvent(bytes: random.below(limit), to: queue) }
                let numbers = accepted(events, by: spool)
                for (number, event) in zip(numbers, events) {
                    bodies[number] = event.body
                    #expect(try spool.event(number)?.body == event.body)
                }
                if random.onceIn(5) { _ = try spool.queue(named: "queue \(round)") }
            }
            spool.close()
        }
        let reader = try SpoolReader(path: settings.path)
        for (number, body) in bodies { #expect(try reader.event(number)?.event.body == body) }
    }

    @Test func anErasedEventStaysErasedWhenTheNextIsWrittenBesideIt() throws {
        // Its events are of today: nothing of them goes meanwhile.
        let spool = try Spool(SpoolSettings(path: directory.path + "/spool"), wall: { 1_000 }, notice: { _ in })
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
