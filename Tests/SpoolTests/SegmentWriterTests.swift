import Testing

@testable import Spool

struct SegmentWriterTests {
    private let disk = SimulatedDisk()

    private func begin(_ first: UInt64 = 1, segmentBytes: Int = 8192) throws -> SegmentWriter {
        try SegmentWriter(
            beginning: first, queues: [1: "crm"], salt: 7, in: "/s", on: disk, segmentBytes: segmentBytes)
    }

    private func append(_ events: [NewEvent], to writer: inout SegmentWriter) throws -> [SegmentWriter.Appended] {
        try withBatch(events) { try writer.append($0, Array(0..<events.count), sync: true) }
    }

    @Test func aSegmentIsNamedByItsFirstNumber() {
        #expect(SegmentWriter.name(42) == "00000000000000000042.segment")
        #expect(SegmentWriter.first(ofName: SegmentWriter.name(42)) == 42)
        #expect(SegmentWriter.first(ofName: SegmentWriter.name(.max)) == .max)
    }

    @Test(arguments: [
        "7.segment", "+0000000000000000007.segment", "00000000000000000042.segment~", "x.segment", "42.journal",
    ])
    func aStrayFileIsNoSegment(name: String) {
        #expect(SegmentWriter.first(ofName: name) == nil)
    }

    @Test func aNewSegmentIsDurableWithItsName() throws {
        _ = try begin()
        let left = disk.crash(.nothing)
        let recovery = try Recovery("/s", on: left)
        #expect(recovery.queues == [1: "crm"])
        #expect(recovery.last?.first == 1)
    }

    @Test func whatWasAppendedIsReadBackByteForByte() throws {
        var writer = try begin()
        let events = [NewEvent("one", to: 1, receivedAt: 5), NewEvent("", to: 1, 2), NewEvent(bytes: 3000)]
        let appended = try append(events, to: &writer)
        #expect(appended.map(\.number) == [1, 2, 3])
        let files = SegmentFiles("/s", on: disk.crash(.nothing))
        for (event, place) in zip(events, appended) {
            let stored = try files.read(Position(segment: 1, offset: place.offset))
            #expect(stored.number.rawValue == place.number)
            #expect(stored.body == event.body)
            #expect(stored.owed == event.owed)
            #expect(stored.attributes == [0xA7])
            #expect(stored.receivedAt == event.receivedAt)
        }
    }

    @Test func manyEventsAreOneWriteAndOneSync() throws {
        var writer = try begin(segmentBytes: 1 << 20)
        // Larger than a block: zeros are written behind it.
        _ = try append([NewEvent(bytes: 5000, to: 1)], to: &writer)
        let (writes, syncs) = (disk.count(.write), disk.count(.sync))
        _ = try append(Array(repeating: NewEvent(bytes: 100, to: 1), count: 500), to: &writer)
        #expect(disk.count(.write) - writes == 1)
        #expect(disk.count(.sync) - syncs == 1)
    }

    @Test func zerosAreWrittenAheadBeforeACommitNeedsThem() throws {
        var writer = try begin(segmentBytes: 4 << 20)
        _ = try append([NewEvent(bytes: 5000, to: 1)], to: &writer)
        #expect(writer.missingAhead == 0)
        while writer.missingAhead == 0 { _ = try append([NewEvent(bytes: 5000, to: 1)], to: &writer) }
        let (zeroed, end) = (writer.zeroedTo, writer.end)
        #expect(zeroed - end > 400 << 10, "there are enough for more than one commit")
        try writer.writeAhead(writer.missingAhead)
        #expect(writer.missingAhead == 0)
        #expect(writer.end == end)
        #expect(writer.zeroedTo >= end + SegmentWriter.zeroStepBytes)
        #expect(writer.growth(with: 500_000) == 0)
        _ = try append([NewEvent(bytes: 5000, to: 1)], to: &writer)
        let left = disk.crash(.nothing)
        let file = try #require(left.contents("/s/" + SegmentWriter.name(1)))
        #expect(file.count == writer.zeroedTo)
        #expect(file[writer.end...].allSatisfy { $0 == 0 })
        #expect(try Recovery("/s", on: left).nextNumber == writer.nextNumber)
    }

    @Test func noZerosAreWrittenBeyondTheSegment() throws {
        var writer = try begin(segmentBytes: 1 << 20)
        while writer.hasRoom(for: 6000) {
            _ = try append([NewEvent(bytes: 5000, to: 1)], to: &writer)
            try writer.writeAhead(writer.missingAhead)
            #expect(writer.zeroedTo <= 1 << 20)
        }
        #expect(writer.missingAhead == 0)
    }

    @Test func whatFailedDoesNotCountAsAppended() throws {
        var writer = try begin()
        _ = try append([NewEvent("one", to: 1)], to: &writer)
        let end = writer.end
        disk.fail(.init(call: .sync))
        #expect(throws: SpoolError.self) { try append([NewEvent("two", to: 1)], to: &writer) }
        #expect(writer.end == end)
        #expect(writer.nextNumber == 2)
    }

    @Test func thePredictedSizeIsNeverTooSmall() throws {
        let events = [NewEvent("one", to: 1, 2, 3, dedupe: 4), NewEvent(bytes: 13), NewEvent("")]
        var writer = try begin()
        let before = writer.end
        _ = try append(events, to: &writer)
        #expect(withBatch(events) { SegmentWriter.size(of: $0, [0, 1, 2]) } >= writer.end - before)
    }

    @Test func anEmptySegmentHasRoomForABatchLargerThanItself() throws {
        var writer = try begin()
        let names = Dictionary(uniqueKeysWithValues: (1...200).map { (QueueID(rawValue: $0), "a target of this name") })
        try writer.append(queues: names)
        #expect(writer.end > 4096)
        #expect(writer.hasRoom(for: 1 << 20))
        _ = try append([NewEvent("one", to: 1)], to: &writer)
        #expect(!writer.hasRoom(for: 1 << 20))
    }

    @Test func aSealedSegmentEndsWithItsIndex() throws {
        var writer = try begin()
        _ = try append([NewEvent("one", to: 1)], to: &writer)
        #expect(writer.zeroedTo > writer.end)
        try writer.seal(queues: [1: "crm"])
        let size = try #require(disk.contents("/s/" + SegmentWriter.name(1))?.count)
        #expect(size == writer.end)
        let file = try disk.open("/s/" + SegmentWriter.name(1), create: false)
        let header = try #require(try FileHeader.read(file, path: "", first: 1))
        let index = try #require(try SegmentIndex.read(file, header))
        #expect(index.places.live == 1)
        #expect(index.owed(at: 0) == [1])
        #expect(index.queues == [1: "crm"])
    }

    @Test func aContinuedSegmentIsCutWhereItsRecordsEnd() throws {
        var writer = try begin()
        _ = try append([NewEvent("one", to: 1)], to: &writer)
        disk.alter("/s/" + SegmentWriter.name(1)) { $0.replaceSubrange(writer.end..<writer.end + 3, with: [1, 2, 3]) }
        let last = try #require(try Recovery("/s", on: disk).last)
        let continued = try SegmentWriter(continuing: last, nextNumber: 2, in: "/s", on: disk, segmentBytes: 8192)
        #expect(continued.nextNumber == 2)
        #expect(disk.contents("/s/" + SegmentWriter.name(1))?.count == writer.end)
    }
}
