import Testing

@testable import Spool

/// A spool at its limits: what goes, and when something is refused.
struct SpaceTests {
    @Test func aDoorThatAFullDiskClosedOpensWhenAllIsFinishedThoughNoSegmentWasFull() throws {
        let bench = try SpoolBench { $0.minFreeBytes = 4 << 20 }
        let disk = bench.disk
        let crm = try bench.spool.queue(named: "crm")
        // Somebody else takes the room while the spool is in the middle of a segment.
        var count: UInt64 = 0
        for _ in 0..<20 { count += UInt64(bench.commit(NewEvent(bytes: 300_000, to: crm)).accepted.count) }
        disk.setCapacity(10 << 20)
        #expect(bench.commit(NewEvent(bytes: 300_000, to: crm)).refusal != nil)
        #expect(bench.spool.status().closed != nil)
        for number in 1...count { bench.settle(EventNumber(rawValue: number), crm, .done) }
        #expect(disk.wait { bench.spool.status().closed == nil })
        #expect(bench.commit(NewEvent(bytes: 300_000, to: crm)).accepted == [count + 1])
        try bench.crash()
        #expect(bench.owed(crm) == [count + 1])
    }

    @Test(arguments: [false, true])
    func whatIsFinishedGoesBeforeAnythingIsRefused(oneIsStuck: Bool) throws {
        let bench = try SpoolBench { $0.maxSizeBytes = 20 << 20 }
        let crm = try bench.spool.queue(named: "crm")
        for number in 1...600 as ClosedRange<UInt64> {
            let outcome = bench.commit(NewEvent(bytes: 100_000, to: crm))
            #expect(outcome.accepted == [number])
            if outcome.refusal != nil { break }
            if number > 1 || !oneIsStuck { bench.settle(EventNumber(rawValue: number), crm, .done) }
        }
        #expect(bench.log.closings == 0)
        #expect(bench.bytesOnDisk <= 20 << 20)
        #expect(bench.owed(crm) == (oneIsStuck ? [1] : []))
    }

    /// Whether the door is closed by the spool's own limit, or by a disk that others have filled.
    @Test(arguments: [false, true], [4 << 20, 16 << 20])
    func whatTheRelayItselfOwesIsTakenBehindAClosedDoorAsFarAsTheReserveGoes(diskIsFull: Bool, room: Int) throws {
        let bench = try SpoolBench {
            $0.maxSizeBytes = diskIsFull ? 1 << 40 : room
            $0.minFreeBytes = 4 << 20
        }
        if diskIsFull { bench.disk.setCapacity(room + (4 << 20)) }
        let crm = try bench.spool.queue(named: "crm")
        let hook = try bench.spool.queue(named: "hook")
        let event = NewEvent(bytes: 100_000, to: crm)
        var taken: [EventNumber] = []
        while case .committed(let fates) = bench.commit(event), case .accepted(let number)? = fates.first {
            taken.append(number)
        }
        #expect(bench.spool.status().closed != nil)
        // Each failure's record is durable before the failure is, and each failure makes room.
        for number in taken {
            #expect(bench.commit([NewEvent(bytes: 2_000, to: hook)], isOwn: true).refusal == nil)
            if number == taken.first { #expect(bench.commit(event).refusal != nil, "the door is still closed") }
            bench.settle(number, crm, .failed)
            try bench.flush()
        }
        #expect(bench.owed(hook).count == taken.count)
        if !diskIsFull { #expect(bench.bytesOnDisk <= room) }
        // It is no room without end.
        var more = 0
        while bench.commit([NewEvent(bytes: 50_000, to: hook)], isOwn: true).refusal == nil, more < 10_000 { more += 1 }
        #expect(more < 10_000)
        if !diskIsFull { #expect(bench.bytesOnDisk <= room) }
        try bench.crash()
        #expect(bench.owed(hook).count == taken.count + more)
    }

    @Test(arguments: [150, 1_500])
    func recordsThatTakeMoreRoomThanTheirEventsMakeRoomForOneAnother(eventBytes: Int) throws {
        let bench = try SpoolBench { $0.maxSizeBytes = 4 << 20 }
        let crm = try bench.spool.queue(named: "crm")
        let hook = try bench.spool.queue(named: "hook")
        let events = Array(repeating: NewEvent(bytes: eventBytes, to: crm), count: 20)
        var taken: [EventNumber] = []
        while true {
            let fates = bench.commit(events).accepted
            if fates.isEmpty { break }
            taken += fates.map { EventNumber(rawValue: $0) }
        }
        // What was passed on is delivered, and goes: its room is the next one's.
        for number in taken {
            var record = bench.commit([NewEvent(bytes: 1_000, to: hook)], isOwn: true)
            // On a machine that is late with making room it is refused, and there is some a moment later.
            let isTaken = bench.disk.wait {
                if record.refusal != nil { record = bench.commit([NewEvent(bytes: 1_000, to: hook)], isOwn: true) }
                return record.refusal == nil
            }
            try #require(isTaken, "the record of \(number), of \(taken.count)")
            bench.settle(number, crm, .failed)
            for own in record.accepted { bench.settle(EventNumber(rawValue: own), hook, .done) }
        }
        #expect(bench.bytesOnDisk <= 4 << 20)
        #expect(bench.disk.wait { bench.spool.status().closed == nil })
        #expect(bench.owed(crm).isEmpty && bench.owed(hook).isEmpty)
    }

    @Test func aSpoolOfAMebibyteTakesLargeBodiesOneAfterTheOther() throws {
        let bench = try SpoolBench { $0.maxSizeBytes = 1 << 20 }
        let crm = try bench.spool.queue(named: "crm")
        for number in 1...30 as ClosedRange<UInt64> {
            let bytes = number % 2 == 0 ? 900_000 : 1_000
            #expect(bench.commit(NewEvent(bytes: bytes, to: crm)).accepted == [number])
            bench.settle(EventNumber(rawValue: number), crm, .done)
        }
        #expect(bench.bytesOnDisk <= 1 << 20)
        #expect(bench.commit(NewEvent(bytes: 1 << 20, to: crm)).refusal != nil, "it could never be held")
        #expect(bench.commit(NewEvent(bytes: 1_000, to: crm)).refusal == nil)
    }

    @Test func aFinishedEventGoesThoughNothingElseComes() throws {
        let bench = try SpoolBench { $0.retain = .seconds(60) }
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm))
        bench.settle(1, crm, .done)
        bench.settle(2, crm, .done)
        try bench.flush()
        let disk = bench.disk
        bench.clock.now += 70_000
        #expect(disk.wait { (try? bench.spool.event(1)) == nil })
        #expect(bench.spool.status().events == 0)
        // What is empty is not ended, whatever its age.
        bench.clock.now += 700_000
        let names = disk.paths(".segment")
        #expect(bench.segmentCount == 1)
        try bench.restart()
        #expect(disk.paths(".segment") == names)
        #expect(bench.commit(NewEvent("c", to: crm)).accepted == [3])
    }

    @Test func aSegmentThatIsWrittenStaysOneWhileItsEventsAreOwed() throws {
        var segment = Segment(first: 1)
        for number in 1...10 as ClosedRange<UInt64> {
            segment.append(number: number, offset: UInt32(number) * 100, owed: [1], receivedAt: 1_000)
        }
        let retention = Retention(retainMilliseconds: 60_000)
        #expect(!retention.isToEnd(segment, now: 100_000, isWanted: true, held: 0))
        for place in 0..<5 { _ = segment.settle(place, 1, failed: false) }
        #expect(retention.isToEnd(segment, now: 1_000, isWanted: true, held: 0))
        #expect(!retention.isToEnd(segment, now: 6_000, isWanted: false, held: 0))
        #expect(retention.isToEnd(segment, now: 8_000, isWanted: false, held: 0))
        #expect(!retention.isToEnd(segment, now: 8_000, isWanted: false, held: Retention.heldLimit))
    }

    @Test func aSegmentIsAnEighthOfWhatTheSpoolMayTake() {
        var settings = SpoolSettings(path: "/s")
        settings.maxSizeBytes = 80 << 20
        settings.minFreeBytes = 10 << 20
        let space = SpoolSpace(settings)
        #expect(space.segmentBytes(used: 0, free: nil) == 10 << 20)
        #expect(space.segmentBytes(used: 8 << 20, free: 42 << 20) == 5 << 20)
        #expect(space.segmentBytes(used: 0, free: 0) == SpoolSpace.segmentLimits.lowerBound)
        settings.maxSizeBytes = 1 << 40
        #expect(SpoolSpace(settings).segmentBytes(used: 0, free: 1 << 40) == SpoolSpace.segmentLimits.upperBound)
    }

    @Test func aJournalThatHasNoRoomIsMadeSomeByWhatIsFinished() throws {
        let bench = try SpoolBench {
            $0.minFreeBytes = 1
            $0.maxSizeBytes = 64 << 20
        }
        let disk = bench.disk
        let crm = try bench.spool.queue(named: "crm")
        for _ in 0..<8 { bench.commit(NewEvent(bytes: 3 << 20, to: crm)) }
        // All that was free is somebody else's at once.
        disk.setCapacity(bench.bytesOnDisk)
        for number in 1...8 as ClosedRange<UInt64> { bench.settle(EventNumber(rawValue: number), crm, .done) }
        #expect(disk.wait { bench.log.journalFailures == 1 && bench.log.journalRecoveries == 1 })
        #expect(disk.wait { bench.commit(NewEvent("a", to: crm)).refusal == nil })
        try bench.crash()
        #expect(bench.owed(crm).count == 1)
    }
}
