import Testing

@testable import Spool

/// Events that go to another log.
struct LeavingTests {
    @Test func whatIsSettledForGoodIsSoAfterAPowerCut() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("one", to: crm), NewEvent("two", to: crm))
        let outcome = Outcome(DeliveryID(event: 1, queue: crm), .done, progress: Progress())
        try bench.spool.settleNow([outcome])
        #expect(!bench.spool.isOwed(1))
        try bench.crash()
        #expect(!bench.spool.isOwed(1))
        #expect(bench.spool.isOwed(2))
        #expect(!bench.spool.isOwed(3))
        #expect(bench.spool.newest == 2)
    }

    @Test func whatStandsElsewhereIsLetGoOfAndItsNumbersAreNotGivenAgain() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("one", to: crm, dedupe: 7), NewEvent("two", to: crm))
        try bench.spool.settleNow([Outcome(DeliveryID(event: 1, queue: crm), .done, progress: Progress())])
        try bench.spool.settleNow([Outcome(DeliveryID(event: 2, queue: crm), .failed, progress: Progress())])
        try bench.spool.discard(through: 2, all: false)
        #expect(bench.spool.status().events == 2, "the segment that is written to stays")
        try bench.spool.discard(through: 2, all: true)
        #expect(bench.spool.status().events == 0)
        #expect(bench.spool.failed(crm, after: 0, limit: 10).isEmpty)
        #expect(bench.commit(NewEvent("again", to: crm, dedupe: 7)).fates == [.duplicate(of: 1)])
        #expect(bench.commit(NewEvent("three", to: crm)).fates == [.accepted(3)])
        try bench.crash()
        #expect(bench.spool.status().events == 1)
        #expect(bench.owed(crm) == [3])
        #expect(bench.commit(NewEvent("again", to: crm, dedupe: 7)).fates == [.duplicate(of: 1)])
    }

    @Test func whatIsStillOwedHereStaysWithItsSegment() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("one", to: crm), NewEvent("two", to: crm))
        try bench.spool.settleNow([Outcome(DeliveryID(event: 1, queue: crm), .done, progress: Progress())])
        try bench.spool.discard(through: 2, all: true)
        #expect(bench.owed(crm) == [2])
    }

    @Test func aKeyThatIsKeptMakesARepetitionAfterTheNextStart() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("one", to: crm))
        let key = DedupeKey(hash: [9, 0], until: bench.clock.now + 60_000)
        try bench.spool.keep([(key, 1)])
        try bench.crash()
        #expect(bench.commit(NewEvent("repeated", to: crm, dedupe: 9)).fates == [.duplicate(of: 1)])
    }
}
