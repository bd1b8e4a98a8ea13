import Testing

@testable import Spool

/// A person's right to be forgotten.
struct ErasingTests {
    private let secret = "jane@example.com"

    private func holdsSecret(_ disk: SimulatedDisk) -> Bool {
        let needle = Array(secret.utf8)
        return (disk.paths("") + []).contains { path in
            guard let bytes = disk.contents(path), bytes.count >= needle.count else { return false }
            return (0...bytes.count - needle.count).contains {
                bytes[$0] == needle[0] && bytes[$0...].starts(with: needle)
            }
        }
    }

    @Test func bodyAndHeadersAreGoneFromTheDiskAndTheNumberStays() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        let erp = try bench.spool.queue(named: "erp")
        bench.commit(
            NewEvent("one", to: crm), NewEvent("mail to \(secret)", to: crm, erp, dedupe: 7), NewEvent("three", to: crm)
        )
        bench.settle(2, erp, .done)
        try bench.flush()
        #expect(holdsSecret(bench.disk))
        #expect(try bench.spool.erase([2, 2, 99]) == [2: .wasErased, 99: .noSuchEvent])
        for _ in 0..<2 {
            #expect(!holdsSecret(bench.disk))
            let event = try #require(try bench.spool.event(2))
            #expect(event.isErased)
            #expect(event.body.isEmpty && event.attributes.isEmpty)
            #expect(
                try bench.spool.deliveries(of: 2).map(\.state) == [.failed, .done], "what was not made is not done")
            #expect(bench.owed(crm) == [1, 3])
            #expect(try bench.spool.reopen([DeliveryID(event: 2, queue: crm)]).values.first == .noSuchEvent)
            #expect(bench.commit(NewEvent("again", to: crm, dedupe: 7)).fates == [.duplicate(of: 2)])
            #expect(bench.spool.status().corrupt == 0)
            try bench.crash()
        }
    }

    @Test func whatATargetHasInHandIsNotSentAnyMore() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        let inbox = Inbox()
        bench.spool.attach(crm, order: .whenDue, to: inbox)
        bench.spool.request(crm, count: 1)
        bench.commit(NewEvent(secret, to: crm))
        let held = inbox.wait(for: 1)[0]
        #expect(try bench.spool.erase([1]) == [1: .erased(cancelled: 1)])
        #expect(throws: SpoolError.erased(1)) { try bench.spool.read(held.position) }
        bench.settle(1, crm, .later(notBefore: 5))
        #expect(bench.owed(crm).isEmpty)
    }

    @Test func anEventThatIsGoneIsGoneFromTheFileThatIsWrittenOver() throws {
        let bench = try SpoolBench {
            $0.maxSizeBytes = 16 << 20
            $0.retain = .seconds(60)
        }
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("to \(secret)", to: crm))
        for _ in 0..<30 { bench.commit(NewEvent(bytes: 150_000, to: crm)) }
        // What is in the newest segment waits: it is not ended for its age, which would take the file that is to be written over.
        for number in 1...27 { bench.settle(EventNumber(rawValue: UInt64(number)), crm, .done) }
        try bench.flush()
        let disk = bench.disk
        bench.clock.now = 62_000
        #expect(disk.wait { !disk.paths(SpareSegment.name).isEmpty })
        #expect(try bench.spool.event(1) == nil)
        #expect(holdsSecret(disk), "the first segment is the one that is written over")
        #expect(try bench.spool.erase([1]) == [1: .noSuchEvent])
        #expect(!holdsSecret(disk))
    }

    @Test func whatIsLeftOfADamagedEventIsSaidToStandInItsSegment() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("one", to: crm), NewEvent("mail to \(secret)", to: crm), NewEvent("three", to: crm))
        let position = try #require(try bench.spool.books.position(of: 2))
        bench.spool.close()
        bench.spool = nil
        let path = bench.segments + "/" + SegmentWriter.name(1)
        bench.disk.flipBit(path, byte: Int(position.offset) + Record.headerBytes + 4)
        try bench.open()
        #expect(
            try bench.spool.erase([2, 4]) == [
                2: .damaged(Position(segment: 1, offset: position.offset)), 4: .noSuchEvent,
            ])
        #expect(holdsSecret(bench.disk))
    }

    @Test func aWriteThatFailsIsAnError() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent(secret, to: crm))
        bench.disk.fail(.init(call: .sync, suffix: ".segment"))
        #expect(throws: SpoolError.self) { try bench.spool.erase([1]) }
    }
}
