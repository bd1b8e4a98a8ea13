import Glibc
import Synchronization
import Testing

@testable import Spool

/// The ledger with its queue, its journal and its timers, by way of the spool that owns it.
struct LedgerBooksTests {
    @Test func theDoorClosesAndOpensWithOneWordEach() throws {
        let bench = try SpoolBench()
        bench.disk.setFree(0)
        for _ in 0..<3 { #expect(bench.commit(NewEvent("a")).refusal != nil) }
        #expect(bench.log.closings == 1)
        bench.disk.setFree(1 << 40)
        #expect(bench.spool.status().closed == nil)
        #expect(bench.commit(NewEvent("a")).accepted == [1])
        #expect(bench.log.openings == 1)
    }

    @Test func whatIsSettledIsNotHandedToTheReceiverThatComesNext() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        for number in 1...4 { bench.commit(NewEvent("event \(number)", to: crm)) }
        let (first, second) = (Inbox(), Inbox())
        bench.spool.attach(crm, order: .whenDue, to: first)
        bench.spool.request(crm, count: 3)
        _ = first.wait(for: 3)
        for number in 1...3 as ClosedRange<UInt64> { bench.settle(EventNumber(rawValue: number), crm, .done) }
        bench.spool.detach(crm)
        bench.spool.attach(crm, order: .whenDue, to: second)
        bench.spool.request(crm, count: 4)
        #expect(second.wait(for: 1).map(\.event.rawValue) == [4])
    }

    @Test func aSpoolThatIsClosedWritesNothingMoreThoughAWriteWasDue() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm))
        bench.settle(1, crm, .done)
        let disk = bench.disk
        weak let books = bench.spool.books
        // Takes the outcome in: it is due to be written in a moment.
        books?.asked {}
        bench.spool.close()
        let written = disk.count(.write)
        bench.settle(2, crm, .done)
        bench.spool = nil
        #expect(disk.wait { books == nil }, "what was due holds the books")
        #expect(disk.count(.write) == written, "another daemon may have the spool by then")
    }

    @Test func aFullSpoolMakesRoomOfFinishedSegmentsAndOnlyOfThem() throws {
        let bench = try SpoolBench { $0.maxSizeBytes = 8 << 20 }
        let crm = try bench.spool.queue(named: "crm")
        let erp = try bench.spool.queue(named: "erp")
        var count = 0
        func fill() {
            while bench.commit(NewEvent(bytes: 300_000, to: count < 3 ? erp : crm)).refusal == nil { count += 1 }
        }
        fill()
        let disk = bench.disk
        let before = disk.paths(".segment")
        #expect(bench.spool.status().closed != nil)
        for number in 1...count {
            bench.settle(EventNumber(rawValue: UInt64(number)), crm, .done)
        }
        try bench.flush()
        #expect(bench.commit(NewEvent(bytes: 300_000, to: crm)).refusal == nil)
        let after = disk.paths(".segment")
        #expect(!Set(before).isSubset(of: after))
        #expect(after.contains(before[0]), "the first still owes to erp")
        #expect(after.contains(before[before.count - 2]), "no more went than was needed")
        #expect(bench.owed(erp) == [1, 2, 3])
    }

    @Test func aDiskFaultCostsNoFinishedSegment() throws {
        let bench = try SpoolBench { $0.maxSizeBytes = 64 << 20 }
        let crm = try bench.spool.queue(named: "crm")
        for _ in 0..<4 { bench.commit(NewEvent(bytes: 5 << 20, to: crm)) }
        for number in 1...4 { bench.settle(EventNumber(rawValue: UInt64(number)), crm, .done) }
        try bench.flush()
        bench.disk.fail(.init(call: .write, suffix: ".segment", times: .max))
        #expect(bench.commit(NewEvent("a", to: crm)).refusal != nil)
        try bench.flush()
        #expect(try bench.spool.event(1)?.body.count == 5 << 20)
    }

    @Test func finishedSegmentsPastTheirTimeGoWholeAndNumbersGoOn() throws {
        let bench = try SpoolBench {
            $0.maxSizeBytes = 16 << 20
            $0.retain = .seconds(60)
        }
        let crm = try bench.spool.queue(named: "crm")
        for _ in 0..<6 { bench.commit(NewEvent(bytes: 1_500_000, to: crm)) }
        for number in [1, 2, 4] as [UInt64] { bench.settle(EventNumber(rawValue: number), crm, .done) }
        try bench.flush()
        let disk = bench.disk
        #expect(disk.paths(".segment").count == 6)
        bench.clock.now = 62_000
        #expect(disk.wait { bench.segmentCount == 3 })
        #expect(try bench.spool.event(1) == nil)
        #expect(try bench.spool.reopen([DeliveryID(event: 1, queue: crm)]).values.first == .noSuchEvent)
        #expect(try bench.spool.event(3) != nil)
        try bench.crash()
        #expect(bench.owed(crm) == [3, 5, 6])
        #expect(bench.commit(NewEvent("a", to: crm)).accepted == [7])
    }

    @Test func aRemovalWhoseDirectoryCouldNotBeSyncedDoesNotStopTheNext() throws {
        let bench = try SpoolBench {
            $0.maxSizeBytes = 16 << 20
            $0.retain = .seconds(60)
        }
        let crm = try bench.spool.queue(named: "crm")
        for _ in 0..<4 { bench.commit(NewEvent(bytes: 1_500_000, to: crm)) }
        for number in [1, 2, 3] as [UInt64] { bench.settle(EventNumber(rawValue: number), crm, .done) }
        try bench.flush()
        let disk = bench.disk
        disk.fail(.init(call: .syncDirectory, suffix: "/segments"))
        bench.clock.now = 62_000
        #expect(disk.wait { bench.segmentCount == 1 })
        try bench.flush()
        #expect(try bench.spool.event(1) == nil)
    }

    @Test func theSizeIsThatOfItsFiles() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit((0..<50).map { NewEvent("\($0)", to: crm) })
        for number in 1...50 {
            bench.settle(EventNumber(rawValue: UInt64(number)), crm, .later(notBefore: Int64(number)))
            if number % 5 == 0 { try bench.flush() }
        }
        #expect(bench.spool.status().bytes == bench.bytesOnDisk)
        try bench.restart()
        #expect(bench.spool.status().bytes == bench.bytesOnDisk)
    }

    @Test func aJournalThatFailsIsReplacedOnceHoweverOftenItFailed() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm))
        let disk = bench.disk
        disk.fail(.init(call: .write, suffix: ".new", times: 1))
        for _ in 0..<50 {
            bench.settle(1, crm, .later(notBefore: 9))
            try? bench.flush()
        }
        bench.settle(1, crm, .done)
        let before = disk.count(.rename)
        #expect(disk.wait { (try? bench.flush()) != nil && disk.count(.rename) > before })
        for _ in 0..<20 { try bench.flush() }
        #expect(disk.count(.rename) - before == 1)
        #expect(bench.spool.status().bytes == bench.bytesOnDisk)
        try bench.crash()
        #expect(bench.owed(crm) == [2])
    }

    @Test func whatIsToldOfOutcomesIsWrittenBeforeTheyAreDurable() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm))
        let disk = bench.disk
        let sizes = Mutex<[Int]>([])
        bench.spool.beforeOutcomes {
            sizes.withLock { $0.append(disk.paths(".journal").last.flatMap(disk.contents)?.count ?? 0) }
        }
        for event in [1, 2] as [EventNumber] {
            let before = disk.paths(".journal").last.flatMap(disk.contents)?.count ?? 0
            bench.settle(event, crm, .done)
            try bench.flush()
            let atCall = sizes.withLock { $0.last } ?? 0
            #expect(atCall >= before)
            #expect((disk.paths(".journal").last.flatMap(disk.contents)?.count ?? 0) >= atCall + JournalEntry.size)
        }
        #expect(sizes.withLock { $0.count } == 2)
    }

    @Test func aSmallSpoolsJournalStaysSmall() throws {
        let bench = try SpoolBench { $0.maxSizeBytes = 8 << 20 }
        let crm = try bench.spool.queue(named: "crm")
        bench.commit((0..<1000).map { NewEvent("\($0)", to: crm) })
        let outcomes = (1...1000).map {
            Outcome(
                DeliveryID(event: EventNumber(rawValue: $0), queue: crm), .later(notBefore: 50_000),
                progress: Progress()
            )
        }
        for _ in 0..<30 {
            bench.spool.settle(outcomes, told: bench.clock.now)
            try bench.flush()
        }
        let disk = bench.disk
        #expect(disk.wait { (disk.paths(".journal").last.flatMap(disk.contents)?.count ?? .max) < 600_000 })
        try bench.crash()
        #expect(try bench.spool.deliveries(of: 1000).map(\.state) == [.later(notBefore: 50_000)])
    }
}
