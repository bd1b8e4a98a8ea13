import Testing

@testable import Spool

struct LedgerClockTests {
    @Test func aWallClockSetBackAnHourKeepsNoRetryWaiting() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        let inbox = Inbox()
        bench.spool.attach(crm, order: .whenDue, to: inbox)
        bench.spool.request(crm, count: 1)
        bench.commit(NewEvent("a", to: crm))
        _ = inbox.wait(for: 1)
        bench.clock.now = 10_000_000
        bench.settle(1, crm, .later(notBefore: 10_000_020))
        try bench.flush()
        bench.clock.setOn(by: -3_600_000)
        // Seen by the clock that people look at now.
        #expect(try bench.spool.deliveries(of: 1).first?.state == .later(notBefore: 6_400_020))
        bench.clock.now += 20
        bench.spool.request(crm, count: 1)
        #expect(inbox.wait(for: 2).count == 2)
    }

    @Test func aWallClockSetOnMakesNoRetryEarly() throws {
        let clock = TestClock()
        let ledger = LedgerClock(wall: { clock.now }, steady: { clock.steady })
        let due = ledger.time(ofWall: clock.now + 500)
        clock.setOn(by: 3_600_000)
        #expect(due - ledger.now == 500)
        #expect(ledger.wall(due) == clock.now + 500)
        #expect(ledger.time(ofWall: clock.now + 700) - ledger.now == 700)
        #expect(ledger.time(ofWall: 0) == 0, "at once is at once")
    }
}
