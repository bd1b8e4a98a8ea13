import Glibc
import Testing

@testable import Spool

/// A start on a disk that is full, or can't be written.
struct FullDiskTests {
    /// A spool with an event that is done and one that waits, closed again.
    private func left(_ change: (inout SpoolSettings) -> Void = { _ in }) throws -> (bench: SpoolBench, crm: QueueID) {
        let bench = try SpoolBench(change)
        let crm = try bench.spool.queue(named: "crm")
        bench.commit(NewEvent("a", to: crm), NewEvent("b", to: crm))
        bench.settle(1, crm, .done)
        bench.spool.close()
        bench.spool = nil
        return (bench, crm)
    }

    @Test func aFullDiskIsADoorThatIsClosedAndNoStartThatFails() throws {
        let (bench, crm) = try left()
        let disk = bench.disk
        disk.setFree(0)
        disk.fail(.init(call: .write, times: .max, errno: ENOSPC, carries: .nothing))
        try bench.open()
        #expect(bench.log.closings == 1)
        #expect(bench.spool.status().closed?.contains("the disk is full") == true)
        #expect(bench.owed(crm) == [2])
        #expect(bench.commit(NewEvent("c", to: crm)).refusal?.retryAfterSeconds == 10)
        // What comes to pass is kept in memory, a target that is new since then too.
        bench.settle(2, crm, .done)
        let erp = try bench.spool.queue(named: "erp")
        #expect(disk.paths("checkpoint.new").isEmpty, "what could not be written whole takes no room")
        disk.heal()
        disk.setFree(1 << 40)
        #expect(disk.wait { bench.spool.status().closed == nil })
        #expect(bench.log.openings == 1)
        #expect(bench.commit(NewEvent("d", to: erp)).accepted == [3])
        #expect(disk.wait { bench.log.journalRecoveries == 1 })
        #expect(bench.log.journalFailures == 1, "it is said once")
        try bench.crash()
        #expect(bench.owed(crm) == [])
        #expect(bench.owed(erp) == [3])
        #expect(bench.spool.status().bytes == bench.bytesOnDisk)
    }

    @Test func aDiskOnWhichNoFileCanBeMadeTakesEventsAsLongAsTheSegmentHasRoom() throws {
        let (bench, crm) = try left()
        bench.disk.fail(.init(call: .open, suffix: "checkpoint.new", times: .max, errno: ENOSPC))
        try bench.open()
        #expect(bench.log.closings == 0)
        #expect(bench.commit(NewEvent("c", to: crm)).accepted == [3])
        bench.settle(2, crm, .done)
        #expect(bench.log.journalRecoveries == 0)
        let disk = bench.disk
        disk.heal()
        #expect(disk.wait { bench.log.journalRecoveries == 1 })
        try bench.crash()
        #expect(bench.owed(crm) == [3])
    }

    @Test(arguments: [SimulatedDisk.Call.truncate, .sync])
    func aSegmentThatCanNotBeGoneOnInIsLeftForANewOne(call: SimulatedDisk.Call) throws {
        let (bench, crm) = try left()
        bench.disk.fail(.init(call: call, suffix: SegmentWriter.name(1), times: .max))
        try bench.open()
        #expect(bench.commit(NewEvent("c", to: crm)).accepted == [3])
        bench.disk.heal()
        try bench.crash()
        #expect(bench.owed(crm) == [2, 3])
        #expect(bench.log.damages == 0)
    }

    @Test func aSpoolThatCanBeginNoSegmentBeginsOneWhenItCan() throws {
        let (bench, crm) = try left()
        let disk = bench.disk
        disk.fail(.init(call: .sync, suffix: ".segment", times: .max))
        try bench.open()
        #expect(bench.spool.status().closed?.contains("a new segment could not be begun") == true)
        #expect(bench.owed(crm) == [2])
        // No number that stands nowhere is named by the journal.
        let erp = try bench.spool.queue(named: "erp")
        #expect(throws: SpoolError.self) { try bench.spool.move(crm, to: erp, except: []) }
        #expect(throws: SpoolError.self) { try bench.spool.owe([DeliveryID(event: 2, queue: erp)]) }
        disk.heal()
        #expect(disk.wait { bench.spool.status().closed == nil })
        #expect(try bench.spool.move(crm, to: erp, except: []).count == 1)
        try bench.crash()
        #expect(bench.owed(erp) == [2])
        #expect(bench.commit(NewEvent("c", to: erp)).accepted == [3])
    }

    @Test func aNewSpoolOnAFullDiskOpensWhenThereIsRoom() throws {
        let bench = try SpoolBench()
        bench.spool.close()
        bench.spool = nil
        bench.disk = SimulatedDisk()
        bench.disk.fail(.init(call: .write, times: .max, errno: ENOSPC, carries: .nothing))
        try bench.open()
        let crm = try bench.spool.queue(named: "crm")
        #expect(bench.commit(NewEvent("a", to: crm)).refusal != nil)
        let disk = bench.disk
        disk.heal()
        #expect(disk.wait { bench.spool.status().closed == nil })
        #expect(bench.commit(NewEvent("a", to: crm)).accepted == [1])
        try bench.crash()
        #expect(bench.owed(crm) == [1])
    }
}
