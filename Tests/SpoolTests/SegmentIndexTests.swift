import Testing

@testable import Spool

/// A sealed segment says what is in it, and a start believes only an index that is whole.
struct SegmentIndexTests {
    private func index() -> SegmentIndex {
        var index = SegmentIndex()
        index.append(place: 0, offset: 100, owed: [1, 2], receivedAt: 5, dedupe: nil)
        index.append(
            place: 1, offset: 200, owed: [1, 2], receivedAt: 9, dedupe: DedupeKey(hash: SIMD2(3, 4), until: 77))
        index.append(place: 4, offset: 300, owed: [], receivedAt: 7, dedupe: nil)
        return index
    }

    @Test func anIndexIsReadAsItWasWritten() throws {
        let bytes = index().encoded(queues: [1: "crm", 2: "erp"])
        let read = try #require(bytes.withUnsafeBytes { SegmentIndex($0) })
        #expect(read.places == index().places)
        #expect((0..<5).map { read.places[$0] } == [100, 200, Places.missing, Places.missing, 300])
        #expect((0..<5).map { read.owed(at: $0) } == [[1, 2], [1, 2], [1, 2], [1, 2], []])
        #expect(read.keys == index().keys)
        #expect(read.lastReceivedAt == 9)
        #expect(read.queues == [1: "crm", 2: "erp"])
        for length in 0..<24 { #expect(bytes[..<length].withUnsafeBytes { SegmentIndex($0) } == nil) }
    }

    /// Two segments, the first sealed; answers where the second event stands.
    private func spool(_ disk: SimulatedDisk) throws -> Int {
        var writing = try Writing(disk, segmentBytes: 4096)
        writing.commit(NewEvent("a", to: 1), NewEvent("b", to: 1, dedupe: 5), NewEvent("c"))
        let place = try #require(try Recovery("/s", on: disk).ledger.position(of: 2))
        writing.commit(NewEvent(bytes: 4000, to: 1))
        #expect(disk.paths(".segment").count == 2)
        return Int(place.offset)
    }

    @Test func aStartReadsNoEventOfASealedSegment() throws {
        let disk = SimulatedDisk()
        let place = try spool(disk)
        let before = try Recovery("/s", on: disk)
        // Nobody looks at the event, so nobody sees this; whoever reads it does.
        disk.flipBit("/s/" + SegmentWriter.name(1), byte: place + 40)
        let recovery = try Recovery("/s", on: disk)
        #expect(recovery.damages.isEmpty)
        #expect(recovery.ledger.segments.map(\.places) == before.ledger.segments.map(\.places))
        #expect(recovery.ledger.queues[1]?.waiting == 3)
        #expect(recovery.dedupe.map(\.number) == [2])
        #expect(throws: SpoolError.self) {
            try SegmentFiles("/s", on: disk).read(recovery.ledger.position(of: 2)!)
        }
    }

    @Test func withoutAWholeIndexTheRecordsAreRead() throws {
        let disk = SimulatedDisk()
        _ = try spool(disk)
        let path = "/s/" + SegmentWriter.name(1)
        let before = try Recovery("/s", on: disk)
        let size = try #require(disk.contents(path)?.count)
        for byte in [size - 1, size - 20, size - 45, size - 100] {
            disk.flipBit(path, byte: byte)
            let recovery = try Recovery("/s", on: disk)
            #expect(recovery.ledger.segments.map(\.places) == before.ledger.segments.map(\.places), "byte \(byte)")
            #expect(recovery.ledger.queues[1]?.waiting == 3)
            disk.flipBit(path, byte: byte)
        }
    }

    @Test func anInspectionFindsWhatAStartDoesNotLookFor() throws {
        let disk = SimulatedDisk()
        let place = try spool(disk)
        _ = try OutcomeJournal(number: 1, salt: 7, standings: [], tried: [], in: "/s", on: disk)
        let inspection = SpoolInspection(directory: "/s", on: disk)
        var reports: [SpoolInspection.FileReport] = []
        try inspection.run { reports.append($0) }
        #expect(reports.filter { !$0.isSound }.isEmpty)
        #expect(reports.map(\.records) == [3, 1, 0])
        #expect(reports[0].indexIsTrue == true && reports[1].indexIsTrue == nil)
        disk.flipBit("/s/" + SegmentWriter.name(1), byte: place + 40)
        reports = []
        try inspection.run { reports.append($0) }
        #expect(reports[0].damages.map(\.lowerBound) == [place])
        #expect(!reports[0].isSound && reports[1].isSound)
    }

    @Test func aSegmentIsReadInTheBackgroundTillDamageIsFound() throws {
        let disk = SimulatedDisk()
        let place = try spool(disk)
        let files = SegmentFiles("/s", on: disk)
        #expect(try Scrub.damages(of: 1, in: files).isEmpty)
        disk.flipBit("/s/" + SegmentWriter.name(1), byte: place + 40)
        #expect(try Scrub.damages(of: 1, in: files).map(\.lowerBound) == [place])
    }
}
