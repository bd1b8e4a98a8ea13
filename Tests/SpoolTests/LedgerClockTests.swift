import Dispatch
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
        let again = inbox.wait(for: 2)
        #expect(again.count == 2)
        #expect(again.last?.notBefore == 0, "what is due is due, by whatever clock its receiver looks")
    }

    /// Holds up whoever hands something out.
    private final class Gate: DeliveryReceiver {
        let began = DispatchSemaphore(value: 0)
        let opens = DispatchSemaphore(value: 0)
        func receive(_ deliveries: [OwedDelivery]) {
            began.signal()
            opens.wait()
        }
    }

    @Test func anOutcomeThatTheBooksHaveNotReadYetIsOfTheClockAsItWas() throws {
        let bench = try SpoolBench()
        let (crm, erp) = (try bench.spool.queue(named: "crm"), try bench.spool.queue(named: "erp"))
        let (inbox, gate) = (Inbox(), Gate())
        bench.spool.attach(crm, order: .whenDue, to: inbox)
        bench.spool.request(crm, count: 1)
        bench.commit(NewEvent("a", to: crm))
        _ = inbox.wait(for: 1)
        bench.spool.attach(erp, order: .whenDue, to: gate)
        bench.spool.request(erp, count: 1)
        bench.commit(NewEvent("b", to: erp))
        gate.began.wait()
        bench.settle(1, crm, .later(notBefore: bench.clock.now + 20))
        bench.clock.setOn(by: -3_600_000)
        gate.opens.signal()
        try bench.flush()
        bench.clock.now += 20
        bench.spool.request(crm, count: 1)
        #expect(inbox.wait(for: 2).count == 2)
    }

    @Test func aWallClockSetOnMakesNoRetryEarly() throws {
        let clock = TestClock()
        let ledger = LedgerClock(wall: { clock.now }, steady: { clock.steady })
        let due = ledger.time(ofWall: clock.now + 500, told: clock.now)
        clock.setOn(by: 3_600_000)
        #expect(due - ledger.now == 500)
        #expect(ledger.wall(due) == clock.now + 500)
        #expect(ledger.time(ofWall: clock.now + 700, told: clock.now) - ledger.now == 700)
        #expect(ledger.time(ofWall: 0, told: clock.now) == 0, "at once is at once")
    }
}
