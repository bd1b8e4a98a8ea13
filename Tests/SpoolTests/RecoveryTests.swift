import Testing

@testable import Spool

struct RecoveryTests {
    private let disk = SimulatedDisk()

    private func path(_ first: UInt64) -> String { "/s/" + SegmentWriter.name(first) }

    /// Writes a segment without an index; answers where its events stand and where they end.
    @discardableResult
    private func segment(_ first: UInt64, events: Int, sealed: Bool = true, to queue: QueueID = 1) throws -> [Int] {
        var writer = try SegmentWriter(
            beginning: first, queues: [1: "crm"], salt: 7, in: "/s", on: disk, segmentBytes: 65_536)
        let new = (0..<events).map { NewEvent("event \(first + UInt64($0))", to: queue) }
        let appended = try withBatch(new) { try writer.append($0, Array(0..<events), sync: true) }
        if sealed { _ = writer.cut() }
        return appended.map { Int($0.offset) } + [writer.end]
    }

    /// The numbers of the events that can be read.
    private func numbers(_ recovery: Recovery) -> [UInt64] {
        (0..<recovery.nextNumber).filter { recovery.ledger.position(of: $0) != nil }
    }

    @Test func anEmptyDirectoryIsAnEmptySpool() throws {
        let recovery = try Recovery("/s", on: disk)
        #expect(recovery.nextNumber == 1)
        #expect(recovery.last == nil)
        #expect(recovery.ledger.segments.isEmpty)
    }

    @Test func eventsOfAllSegmentsAreOwed() throws {
        try segment(1, events: 3)
        try segment(4, events: 2, sealed: false)
        let recovery = try Recovery("/s", on: disk)
        #expect(numbers(recovery) == [1, 2, 3, 4, 5])
        #expect(recovery.nextNumber == 6)
        #expect(recovery.ledger.queues[1]?.waiting == 5)
        #expect(recovery.ledger.segments.map(\.isSealed) == [true, false])
        #expect(recovery.damages.isEmpty)
        #expect(recovery.bytes == (disk.contents(path(1))?.count ?? 0) + (disk.contents(path(4))?.count ?? 0))
    }

    @Test func aTornTailOfTheLastSegmentIsCut() throws {
        let places = try segment(1, events: 3, sealed: false)
        disk.alter(path(1)) { $0.removeSubrange((places[2] + 20)...) }
        let recovery = try Recovery("/s", on: disk)
        #expect(numbers(recovery) == [1, 2])
        #expect(recovery.last?.end == places[2])
        #expect(recovery.damages.isEmpty)
    }

    @Test func zerosWrittenAheadAreNoDamage() throws {
        let places = try segment(1, events: 3, sealed: false)
        #expect((disk.contents(path(1))?.count ?? 0) > places[3])
        let recovery = try Recovery("/s", on: disk)
        #expect(recovery.last?.end == places[3])
        #expect(recovery.damages.isEmpty)
    }

    @Test func aFlippedBitInTheMiddleIsSteppedOverAndEverythingBehindItLives() throws {
        let places = try segment(1, events: 5)
        try segment(6, events: 2, sealed: false)
        disk.flipBit(path(1), byte: places[1] + 45)
        let recovery = try Recovery("/s", on: disk)
        #expect(numbers(recovery) == [1, 3, 4, 5, 6, 7])
        #expect(recovery.damages == [Damage(segment: 1, range: places[1]..<places[2])])
        #expect(recovery.ledger.queues[1]?.waiting == 6)
    }

    @Test func aDamagedLastRecordOfASealedSegmentIsCounted() throws {
        let places = try segment(1, events: 3)
        try segment(4, events: 1, sealed: false)
        disk.flipBit(path(1), byte: places[2] + 45)
        let recovery = try Recovery("/s", on: disk)
        #expect(numbers(recovery) == [1, 2, 4])
        #expect(recovery.damages.map(\.file) == [.segment(1)])
    }

    @Test func aDamagedFileHeaderCostsNoEvent() throws {
        try segment(1, events: 3)
        try segment(4, events: 1, sealed: false)
        disk.flipBit(path(1), byte: 3)
        let recovery = try Recovery("/s", on: disk)
        #expect(numbers(recovery) == [1, 2, 3, 4])
        #expect(recovery.damages == [Damage(segment: 1, range: 0..<FileHeader.size)])
    }

    @Test func aQueueWhoseNameIsLostKeepsItsNumber() throws {
        let places = try segment(1, events: 2, sealed: false, to: 7)
        disk.alter(path(1)) { bytes in
            for index in FileHeader.size..<places[0] { bytes[index] = 0xEE }
        }
        let recovery = try Recovery("/s", on: disk)
        #expect(numbers(recovery) == [1, 2])
        #expect(recovery.ledger.queues[7]?.waiting == 2)
        var commits = try Commits(
            recovery, in: "/s", on: disk, settings: SpoolSettings(path: "/s"), usage: SpoolUsage(bytes: 0),
            spare: SpareSegment(), salt: { 7 }, now: 0)
        commits.start(now: 0)
        #expect(try commits.queue(named: "crm") == 8, "what is owed to a lost name is not another's")
    }

    @Test func whatLiesBehindTheNextSegmentsFirstNumberIsVoid() throws {
        try segment(1, events: 5)
        try segment(4, events: 1, sealed: false)
        let recovery = try Recovery("/s", on: disk)
        #expect(numbers(recovery) == [1, 2, 3, 4])
        #expect(recovery.nextNumber == 5)
        #expect(recovery.ledger.segments.map(\.count) == [3, 1])
    }

    @Test func aTornWriteThatIsVoidIsNoDamage() throws {
        let places = try segment(1, events: 5)
        try segment(4, events: 1, sealed: false)
        disk.flipBit(path(1), byte: places[3] + 40)
        let recovery = try Recovery("/s", on: disk)
        #expect(numbers(recovery) == [1, 2, 3, 4])
        #expect(recovery.damages.isEmpty)
    }

    @Test func aSegmentMadeAndNotYetSyncedIsEmpty() throws {
        try segment(1, events: 2)
        for bytes in [[], [UInt8](repeating: 0, count: 20), [UInt8](repeating: 0, count: 500)] {
            disk.place(path(3), bytes)
            let recovery = try Recovery("/s", on: disk)
            #expect(numbers(recovery) == [1, 2])
            #expect(recovery.nextNumber == 3)
        }
    }

    @Test func aSegmentMadeAndNotYetSyncedIsBegunAnew() throws {
        try segment(1, events: 2)
        disk.place(path(3), [])
        let usage = SpoolUsage(bytes: 0)
        var commits = try Commits(
            try Recovery("/s", on: disk), in: "/s", on: disk, settings: SpoolSettings(path: "/s"), usage: usage,
            spare: SpareSegment(), salt: { 7 }, now: 0)
        commits.start(now: 0)
        let outcome = withBatch([NewEvent("c", to: 1)]) { commits.commit($0, now: 0).outcome }
        #expect(outcome.accepted == [3])
        // The first segment is finished and goes; the table of queues must not go with it.
        try disk.remove(path(1))
        let recovery = try Recovery("/s", on: disk)
        #expect(recovery.queues == [1: "crm"])
        #expect(recovery.damages.isEmpty)
        #expect(numbers(recovery) == [3])
    }

    @Test func aSegmentOfANewerVersionIsRefused() throws {
        try segment(1, events: 2)
        disk.place(path(3), FileHeaderTests.header(version: 3, first: 3))
        #expect(throws: SpoolError.newerVersion(path: path(3), found: 3, known: 2)) { try Recovery("/s", on: disk) }
    }

    @Test func aJournalOfANewerVersionIsRefused() throws {
        disk.place("/s/4.journal", FileHeaderTests.header(version: 3, purpose: 2, first: 4))
        #expect(throws: SpoolError.newerVersion(path: "/s/4.journal", found: 3, known: 2)) {
            try Recovery("/s", on: disk)
        }
    }

    @Test func aFailedReadAnywhereIsAnErrorNeverAnEmptyLog() throws {
        try segment(1, events: 3)
        try segment(4, events: 1, sealed: false)
        _ = try OutcomeJournal(number: 1, salt: 7, standings: [], tried: [], in: "/s", on: disk)
        for call in [SimulatedDisk.Call.list, .open, .read, .size] {
            let before = disk.count(call)
            _ = try Recovery("/s", on: disk)
            for after in 0..<(disk.count(call) - before) {
                disk.fail(.init(call: call, after: after))
                #expect(throws: SpoolError.self, "\(call) number \(after)") { try Recovery("/s", on: disk) }
            }
        }
        #expect(numbers(try Recovery("/s", on: disk)) == [1, 2, 3, 4])
    }

    @Test func readingChangesNothing() throws {
        try segment(1, events: 3, sealed: false)
        let calls = [SimulatedDisk.Call.write, .sync, .truncate, .remove, .rename]
        let before = calls.map(disk.count)
        _ = try Recovery("/s", on: disk)
        #expect(calls.map(disk.count) == before)
    }
}
