import Testing

@testable import Spool

/// One old unfinished delivery holds no more than its own event's bytes.
struct CompactionTests {
    private func fill(_ bench: SpoolBench, to queue: QueueID, oldOneTo old: QueueID, segments: Int) -> [EventNumber] {
        var numbers: [EventNumber] = []
        while bench.segmentCount < segments + 1 {
            var event = NewEvent(bytes: 100_000, to: queue)
            if numbers.count % 40 == 3 { event.owed.append(old) }
            if numbers.count % 10 == 1 { event.dedupe = DedupeKey(hash: SIMD2(UInt64(numbers.count), 9), until: .max) }
            numbers += bench.commit(event).accepted.map { EventNumber(rawValue: $0) }
        }
        return numbers
    }

    @Test func ofANearlyFinishedSegmentOnlyWhatIsUnfinishedStays() throws {
        let bench = try SpoolBench {
            $0.maxSizeBytes = 32 << 20
            $0.retain = .seconds(60)
        }
        let crm = try bench.spool.queue(named: "crm")
        let dead = try bench.spool.queue(named: "dead")
        let numbers = fill(bench, to: crm, oldOneTo: dead, segments: 3)
        let owed = numbers.enumerated().filter { $0.offset % 40 == 3 }.map(\.element.rawValue)
        for number in numbers { bench.settle(number, crm, number == 8 ? .failed : .done) }
        try bench.flush()
        let before = bench.bytesOnDisk
        bench.clock.now = 62_000
        let disk = bench.disk
        #expect(disk.wait { bench.bytesOnDisk < before / 2 })
        #expect(disk.wait { disk.paths(".compact").isEmpty })
        #expect(try bench.spool.event(1) == nil, "finished and past its time")
        #expect(bench.spool.failed(crm, after: 0, limit: 9).isEmpty, "what is gone can't be sent again")
        for _ in 0..<2 {
            for number in owed {
                #expect(try bench.spool.event(EventNumber(rawValue: number))?.body.count == 100_000)
            }
            #expect(bench.owed(dead) == owed)
            #expect(disk.wait { bench.spool.status().bytes == bench.bytesOnDisk })
            // A key whose event is gone is known all the same.
            #expect(bench.commit(NewEvent("again", to: crm, dedupe: nil)).accepted.count == 1)
            var repeated = NewEvent("repeated", to: crm)
            repeated.dedupe = DedupeKey(hash: SIMD2(1, 9), until: .max)
            #expect(bench.commit(repeated).fates == [.duplicate(of: 2)])
            try bench.crash()
        }
        #expect(bench.log.damages == 0)
    }

    @Test func aPositionGivenBeforeIsStillGood() throws {
        let bench = try SpoolBench {
            $0.maxSizeBytes = 16 << 20
            $0.retain = .seconds(60)
        }
        let crm = try bench.spool.queue(named: "crm")
        let dead = try bench.spool.queue(named: "dead")
        let inbox = Inbox()
        bench.spool.attach(dead, order: .whenDue, to: inbox)
        bench.spool.request(dead, count: 10)
        let numbers = fill(bench, to: crm, oldOneTo: dead, segments: 1)
        let held = inbox.wait(for: 1)[0]
        for number in numbers { bench.settle(number, crm, .done) }
        try bench.flush()
        let disk = bench.disk
        let path = bench.segments + "/" + SegmentWriter.name(1)
        let before = disk.contents(path)?.count ?? 0
        bench.clock.now = 62_000
        #expect(disk.wait { (disk.contents(path)?.count ?? 0) < before / 2 })
        #expect(try bench.spool.read(held.position).number == held.event)
        #expect(bench.spool.status().corrupt == 0)
    }

    @Test func aCopyThatCanNotBeWrittenChangesNothing() throws {
        let bench = try SpoolBench {
            $0.maxSizeBytes = 16 << 20
            $0.retain = .seconds(60)
        }
        let crm = try bench.spool.queue(named: "crm")
        let dead = try bench.spool.queue(named: "dead")
        let numbers = fill(bench, to: crm, oldOneTo: dead, segments: 1)
        for number in numbers { bench.settle(number, crm, .done) }
        try bench.flush()
        let disk = bench.disk
        disk.fail(.init(call: .write, suffix: Compaction.suffix, times: .max, errno: 28))
        bench.clock.now = 62_000
        #expect(disk.wait { bench.log.count { if case .retention = $0 { true } else { false } } > 0 })
        #expect(disk.wait { disk.paths(".compact").isEmpty })
        try bench.crash()
        #expect(bench.owed(dead) == [4])
    }

    @Test func aCopyThatACrashLeftIsRemovedAtTheStart() throws {
        let bench = try SpoolBench()
        bench.disk.place(bench.segments + "/" + SegmentWriter.name(1) + Compaction.suffix, [1, 2, 3])
        try bench.crash()
        #expect(bench.disk.paths(".compact").isEmpty)
    }
}
