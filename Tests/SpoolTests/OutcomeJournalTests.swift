import Testing

@testable import Spool

struct OutcomeJournalTests {
    private let disk = SimulatedDisk()

    private func id(_ event: UInt64) -> DeliveryID { DeliveryID(event: EventNumber(rawValue: event), queue: 1) }

    /// A segment of events from 1, all owed to one queue.
    private func segment(events: Int) throws {
        var writer = try SegmentWriter(
            beginning: 1, queues: [1: "crm"], salt: 7, in: "/s", on: disk, segmentBytes: 65_536)
        _ = try withBatch((0..<events).map { NewEvent("\($0)", to: 1) }) {
            try writer.append($0, Array(0..<events), sync: true)
        }
    }

    private func owed(_ disk: SimulatedDisk) throws -> [UInt64] {
        var ledger = try Recovery("/s", on: disk).ledger
        ledger.attach(1, order: .byNumber)
        ledger.addCredit(1, 1000)
        return ledger.take(1, now: 0).map(\.event.rawValue)
    }

    @Test func outcomesAreDurableWhenTheyAreAppended() throws {
        try segment(events: 4)
        var journal = try OutcomeJournal(number: 1, salt: 7, standings: [], tried: [], in: "/s", on: disk)
        try journal.append([JournalEntry(id(1), .done, Progress()), JournalEntry(id(3), .failed, Progress())])
        try journal.append([JournalEntry(id(2), .later, Progress(attempts: 2), notBefore: 50)])
        let recovery = try Recovery("/s", on: disk.crash(.nothing))
        #expect(recovery.ledger.queues[1]?.waiting == 2)
        #expect(recovery.ledger.failed(1, after: 0, limit: 9) == [3])
        #expect(recovery.ledger.tried[id(2)]?.notBefore == 50)
        #expect(recovery.ledger.tried[id(2)]?.progress.attempts == 2)
    }

    @Test func aCheckpointStandsForAllBeforeIt() throws {
        try segment(events: 4)
        var journal = try OutcomeJournal(number: 1, salt: 7, standings: [], tried: [], in: "/s", on: disk)
        try journal.append([JournalEntry(id(1), .done, Progress()), JournalEntry(id(2), .failed, Progress())])
        let ledger = try Recovery("/s", on: disk).ledger
        let tried = [JournalEntry(id(4), .later, Progress(attempts: 1), notBefore: 9)]
        journal = try OutcomeJournal(number: 2, salt: 7, standings: ledger.standings, tried: tried, in: "/s", on: disk)
        #expect(disk.paths(".journal") == ["/s/2.journal"])
        let after = disk.crash(.nothing)
        #expect(try owed(after) == [3, 4])
        #expect(try Recovery("/s", on: after).ledger.failed(1, after: 0, limit: 9) == [2])
        #expect(try Recovery("/s", on: after).ledger.tried[id(4)]?.notBefore == 9)
    }

    @Test func aCheckpointWithoutItsEndDoesNotCount() throws {
        try segment(events: 3)
        var journal = try OutcomeJournal(number: 1, salt: 7, standings: [], tried: [], in: "/s", on: disk)
        try journal.append([JournalEntry(id(1), .done, Progress())])
        let standing = Standing(segment: 1, covered: 3, queue: 1, owed: [], failed: [])
        disk.place(
            "/s/2.journal",
            FileHeader(purpose: .journal, first: 2, salt: 7).encoded
                + Record.encode(.standing, generation: 2 ^ 7 << 32, sequence: 0, payload: standing.encoded))
        #expect(try owed(disk) == [2, 3])
        #expect(try Recovery("/s", on: disk).journalNumber == 2, "its number is not used again")
    }

    @Test func aTornTailOfTheJournalCostsOnlyTheTornOutcomes() throws {
        try segment(events: 3)
        var journal = try OutcomeJournal(number: 1, salt: 7, standings: [], tried: [], in: "/s", on: disk)
        try journal.append([JournalEntry(id(1), .done, Progress())])
        try journal.append([JournalEntry(id(2), .done, Progress())])
        // The mark behind it is the last record.
        disk.alter("/s/1.journal") { $0.removeLast(Record.paddedSize(payload: NumberMark().encoded.count) + 10) }
        #expect(try owed(disk) == [2, 3])
    }

    @Test func aDamagedOutcomeCostsOnlyThatOutcome() throws {
        try segment(events: 3)
        var journal = try OutcomeJournal(number: 1, salt: 7, standings: [], tried: [], in: "/s", on: disk)
        let first = journal.end
        try journal.append([JournalEntry(id(1), .done, Progress())])
        try journal.append([JournalEntry(id(2), .done, Progress())])
        disk.flipBit("/s/1.journal", byte: first + 40)
        #expect(try owed(disk) == [1, 3])
    }

    @Test func aDamagedOutcomeIsCountedSaidAndSetAside() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm), NewEvent("c", to: crm))
        for event in [1, 2, 3] as [EventNumber] {
            bench.settle(event, crm, .done)
            try bench.flush()
        }
        let path = try #require(bench.disk.paths(".journal").last)
        let bytes = try #require(bench.disk.contents(path))
        // The record of event 2's outcome: its magic, its kind, and the number that it begins with.
        let entry = (0..<(bytes.count - 44)).last { place in
            Array(bytes[place..<(place + 4)]) == Array("HSKR".utf8) && bytes[place + 12] == 3 && bytes[place + 32] == 2
        }
        let place = try #require(entry)
        bench.spool.close()
        bench.spool = nil
        bench.disk.flipBit(path, byte: place + 40)
        try bench.open()
        #expect(bench.owed(crm) == [2], "what stands behind it counts")
        #expect(bench.spool.status().corrupt == 1)
        #expect(bench.log.damage.map(\.file.path) == ["segments/" + path.split(separator: "/").last!])
        #expect(bench.disk.paths(".bytes").count == 1)
    }

    @Test(arguments: ["the header", "the checkpoint", "everything"])
    func aJournalThatIsHurtIsReadAsFarAsItCanBeAndSaid(what: String) throws {
        try segment(events: 3)
        var journal = try OutcomeJournal(number: 1, salt: 7, standings: [], tried: [], in: "/s", on: disk)
        let end = journal.end
        try journal.append([JournalEntry(id(2), .done, Progress())])
        disk.alter("/s/1.journal") { bytes in
            switch what {
            case "the header": bytes[3] ^= 1
            case "the checkpoint": bytes[end - 40] ^= 1
            default: bytes = []
            }
        }
        #expect(try owed(disk) == (what == "everything" ? [1, 2, 3] : [1, 3]))
        let damages = try Recovery("/s", on: disk).damages
        #expect(damages.map(\.file) == [.journal(1)])
    }

    @Test func aJournalThatIsGoneIsMissed() throws {
        let bench = try SpoolBench()
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm))
        bench.spool.close()
        bench.spool = nil
        for path in bench.disk.paths(".journal") { try bench.disk.remove(path) }
        try bench.open()
        #expect(bench.spool.status().corrupt == 1)
        #expect(bench.commit(NewEvent("b", to: crm)).accepted == [2])
    }

    @Test func atAnyMomentOfACheckpointACrashLosesNoOutcome() throws {
        try segment(events: 3)
        for calls in 0..<30 {
            let disk = self.disk.crash(.everything)
            var journal = try OutcomeJournal(number: 1, salt: 7, standings: [], tried: [], in: "/s", on: disk)
            try journal.append([JournalEntry(id(1), .done, Progress())])
            let standings = try Recovery("/s", on: disk).ledger.standings
            disk.die(afterCalls: calls)
            _ = try? OutcomeJournal(number: 2, salt: 7, standings: standings, tried: [], in: "/s", on: disk)
            #expect(try owed(disk.crash()) == [2, 3], "died after \(calls) calls")
        }
    }

    @Test func aLargeCheckpointIsReadBackWhole() throws {
        try segment(events: 3)
        let tried = (0..<10_000).map { JournalEntry(id(UInt64($0 % 3 + 1)), .later, Progress(), notBefore: Int64($0)) }
        _ = try OutcomeJournal(number: 1, salt: 7, standings: [], tried: tried, in: "/s", on: disk)
        #expect(try Recovery("/s", on: disk.crash(.nothing)).ledger.tried[id(1)]?.notBefore == 9_999)
    }
}
