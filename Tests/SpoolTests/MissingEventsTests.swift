import Testing

@testable import Spool

/// Events that were acknowledged and that no segment has any more: a start knows of them, and gives none of their numbers again.
struct MissingEventsTests {
    private let disk = SimulatedDisk()

    private func path(_ first: UInt64) -> String { "/s/segments/" + SegmentWriter.name(first) }

    private func open(
        _ disk: SimulatedDisk, _ log: NoticeLog = NoticeLog(), _ change: (inout SpoolSettings) -> Void = { _ in }
    ) throws -> Spool {
        var settings = SpoolSettings(path: "/s")
        settings.commit = .byCaller
        change(&settings)
        return try Spool(settings, disk: disk, wall: { 1_000 }, steady: { 0 }, salt: { 7 }, notice: { log.note($0) })
    }

    @discardableResult
    private func commit(_ spool: Spool, _ count: Int, bytes: Int = 100, to queue: QueueID) -> [UInt64] {
        let told = Told<CommitOutcome>()
        withBatch((0..<count).map { _ in NewEvent(bytes: bytes, to: queue) }) { spool.commit($0) { told.tell($0) } }
        return told.value.accepted
    }

    /// A spool of events with an outcome of the last one, left as a kill would or closed.
    private func spool(of count: Int, isClosed: Bool) throws -> SimulatedDisk {
        let spool = try open(disk)
        let queue = try spool.queue(named: "crm")
        for _ in 0..<count { commit(spool, 1, to: queue) }
        let last = DeliveryID(event: EventNumber(rawValue: UInt64(count)), queue: queue)
        try spool.settleNow([Outcome(last, .later(notBefore: 9_000), progress: Progress(attempts: 1))])
        if isClosed {
            spool.close()
            return disk.crash(.everything)
        }
        defer { spool.close() }
        return disk.crash(.everything)
    }

    /// Where the last event's body is.
    private func lastBody(_ disk: SimulatedDisk) -> Int {
        disk.contents(path(1))!.lastIndex(of: 0x61)!
    }

    @Test(arguments: [true, false])
    func anAcknowledgedEventWhoseRecordIsDamagedAtTheEndIsNoticed(isClosed: Bool) throws {
        let disk = try spool(of: 20, isClosed: isClosed)
        disk.flipBit(path(1), byte: lastBody(disk))
        let found = try missing(disk)
        #expect(found == [20..<21])
        let log = NoticeLog()
        let spool = try open(disk, log)
        #expect(spool.status().corrupt == 1)
        let damage = try #require(log.damage.first)
        #expect(damage.file == .segment(1) && damage.numbers == 20..<21 && !damage.range.isEmpty)
        #expect(damage.deliveries == ["crm": 1])
        #expect(disk.paths(".bytes").count == 1)
        #expect(commit(spool, 1, to: 1) == [21])
        spool.close()
        // It is still missing, and still said.
        #expect(try missing(disk) == [20..<21])
        let again = try open(disk)
        #expect(again.status().corrupt == 1)
        #expect(commit(again, 1, to: 1) == [22])
        again.close()
    }

    @Test(arguments: ["cut", "emptied", "deleted", "without a header"])
    func aNewestSegmentThatIsHurtGivesNoNumberTwice(how: String) throws {
        let disk = try spool(of: 20, isClosed: false)
        switch how {
        case "cut": disk.alter(path(1)) { $0.removeSubrange(1000...) }
        case "emptied": disk.alter(path(1)) { $0 = [] }
        case "deleted": try disk.remove(path(1))
        default: disk.alter(path(1)) { $0.replaceSubrange(0..<64, with: [UInt8](repeating: 0, count: 64)) }
        }
        let lost = how == "without a header" ? 0 : try #require(try missing(disk).first).count
        let log = NoticeLog()
        let spool = try open(disk, log)
        #expect(lost == 0 ? spool.status().corrupt > 0 : spool.status().corrupt == lost)
        #expect(commit(spool, 1, to: 1) == [21])
        #expect(lost + spool.status().events - 1 == 20)
        spool.close()
        #expect(try missing(disk).map(\.count) == (lost == 0 ? [] : [lost]))
    }

    @Test(arguments: [true, false])
    func aSegmentInTheMiddleThatIsGoneIsMissed(isEmptied: Bool) throws {
        let spool = try open(disk) { $0.maxSizeBytes = 16 << 20 }
        let queue = try spool.queue(named: "crm")
        for _ in 0..<8 { commit(spool, 1, bytes: 700_000, to: queue) }
        let segments = disk.paths(".segment")
        try #require(segments.count > 2)
        spool.close()
        let disk = self.disk.crash(.everything)
        if isEmptied { disk.alter(segments[1]) { $0 = [] } } else { try disk.remove(segments[1]) }
        let expected = try missing(disk)
        #expect(expected.count == 1 && expected[0].lowerBound > 1)
        let log = NoticeLog()
        let again = try open(disk, log) { $0.maxSizeBytes = 16 << 20 }
        #expect(again.status().corrupt == expected[0].count)
        #expect(log.damage.compactMap(\.numbers) == expected)
        #expect(commit(again, 1, to: queue) == [9])
        again.close()
    }

    @Test func segmentsThatRetentionRemovedAreNotMissed() throws {
        var spool = try SimulatedSpool(disk)
        let queue = try spool.queue(named: "crm")
        spool.attach(queue, order: .whenDue)
        for _ in 0..<12 { _ = spool.commit([NewEvent(bytes: 1500, to: queue)]) }
        // The first stays owed, and those in the middle go.
        for delivery in spool.take(queue, count: 100, now: 0) where delivery.event != 1 {
            spool.settle(Outcome(DeliveryID(event: delivery.event, queue: queue), .done, progress: Progress()))
        }
        let gone = spool.retain(isShort: true)
        #expect(!gone.isEmpty)
        let recovery = try Recovery("/s", on: disk.crash(.nothing))
        #expect(recovery.damages.isEmpty && recovery.torn.isEmpty)
        #expect(recovery.nextNumber == 13)
    }

    @Test func aTornWriteThatWasNeverAcknowledgedIsSetAsideAndNotCounted() throws {
        let spool = try open(disk)
        let queue = try spool.queue(named: "crm")
        commit(spool, 3, to: queue)
        let disk = self.disk.crash(.everything)
        spool.close()
        // Nothing but the segment knows of the third.
        disk.flipBit(path(1), byte: lastBody(disk))
        let log = NoticeLog()
        let again = try open(disk, log)
        #expect(again.status().corrupt == 0)
        #expect(log.damages == 0 && log.torn == 1)
        #expect(disk.paths(".bytes").count == 1)
        #expect(commit(again, 1, to: queue) == [4], "whoever was promised 3, if anybody was")
        again.close()
        #expect(try missing(disk).isEmpty)
        let last = try open(disk, log)
        #expect(log.torn == 1, "it is said once")
        last.close()
    }

    /// Puts bytes behind the last record of the newest segment, in place of what stands there.
    private func place(_ more: [UInt8], behindTheEndOf first: UInt64, on disk: SimulatedDisk) throws {
        let end = try #require(try Recovery("/s/segments", on: disk).last?.end)
        disk.alter(path(first)) { bytes in
            bytes.removeSubrange(end...)
            bytes += more
        }
    }

    @Test func afterACleanStopTheNextNumberIsExactWhateverStandsBehindTheEnd() throws {
        let disk = try spool(of: 3, isClosed: true)
        try place((0..<500).map { UInt8(truncatingIfNeeded: $0 | 1) }, behindTheEndOf: 1, on: disk)
        let log = NoticeLog()
        let spool = try open(disk, log)
        #expect(log.torn == 1 && log.damages == 0)
        #expect(commit(spool, 1, to: 1) == [4])
        spool.close()
    }

    @Test func whatAFormerUseOfTheFileLeftBehindIsNothing() throws {
        let disk = try spool(of: 3, isClosed: false)
        let former = Record.encode(.event, generation: 77, sequence: 9, payload: [UInt8](repeating: 3, count: 70))
        try place([UInt8](repeating: 0x55, count: 160) + former, behindTheEndOf: 1, on: disk)
        let recovery = try Recovery("/s/segments", on: disk)
        #expect(recovery.damages.isEmpty && recovery.torn.isEmpty)
        #expect(recovery.nextNumber == 4)
    }

    @Test func eventsThatNobodyIsGivenAreKnownToTheJournalSoon() throws {
        let spool = try open(disk)
        let queue = try spool.queue(named: "crm")
        commit(spool, 3, to: queue)
        spool.books.queue.sync { spool.books.markNumbers() }
        spool.books.journalQueue.sync {}
        let disk = self.disk.crash(.nothing)
        spool.close()
        try disk.remove(path(1))
        #expect(try missing(disk) == [1..<4])
    }

    @Test func withoutASyncForEachCommitAPowerCutIsNoDamage() throws {
        let spool = try open(disk) { $0.sync = .never }
        let queue = try spool.queue(named: "crm")
        commit(spool, 3, to: queue)
        try spool.settleNow([
            Outcome(DeliveryID(event: 3, queue: queue), .done, progress: Progress(attempts: 1))
        ])
        let disk = self.disk.crash(.nothing)
        spool.close()
        let log = NoticeLog()
        let again = try open(disk, log) { $0.sync = .never }
        #expect(again.status().corrupt == 0)
        #expect(log.notices.contains { if case .unsynced(1..<4) = $0 { true } else { false } })
        #expect(commit(again, 1, to: queue) == [4])
        again.close()
    }

    @Test func copiesAreBounded() throws {
        let counter = DamageCounter(in: "/s", on: disk, notice: { _ in })
        try disk.makeDirectory("/s/segments")
        disk.place("/s/segments/7.journal", [UInt8](repeating: 1, count: 4096))
        for offset in 0..<(DamageCounter.copiesLimit + 10) {
            counter.note(Damage(.journal(7), range: (offset * 8)..<(offset * 8 + 8)))
        }
        #expect(disk.paths(".bytes").count == DamageCounter.copiesLimit)
        #expect(counter.count == DamageCounter.copiesLimit + 10)
    }

    /// What `spool verify` says.
    private func missing(_ disk: SimulatedDisk) throws -> [Range<UInt64>] {
        var missing: [Range<UInt64>] = []
        try SpoolInspection(directory: "/s/segments", on: disk).run { missing += $0.missing }
        return missing
    }
}
