import Foundation
import Synchronization

@testable import Spool

/// A spool on a simulated disk and clock.
final class SpoolBench {
    let directory: TemporaryDirectory
    let clock = TestClock()
    let log = NoticeLog()
    var settings: SpoolSettings
    var disk: SimulatedDisk
    var spool: Spool!

    init(_ change: (inout SpoolSettings) -> Void = { _ in }) throws {
        directory = try TemporaryDirectory()
        settings = SpoolSettings(path: directory.path)
        change(&settings)
        disk = SimulatedDisk()
        try open()
    }

    var segments: String { settings.path + "/segments" }

    func open() throws {
        // The spool before lets go of its lock when its timers have let go of it.
        let deadline = Date(timeIntervalSinceNow: 20)
        while spool == nil {
            do throws(SpoolError) {
                spool = try Spool(
                    settings, disk: disk, wall: { [clock] in clock.now }, steady: { [clock] in clock.steady },
                    salt: { 7 }, notice: { [log] in log.note($0) })
            } catch {
                guard case .locked = error, Date() < deadline else { throw error }
                sched_yield()
            }
        }
    }

    func restart() throws {
        spool.close()
        spool = nil
        try open()
    }

    /// The power goes; what comes after is a new start.
    func crash(_ survival: SimulatedDisk.Survival = .nothing) throws {
        disk = disk.crash(survival)
        spool.close()
        spool = nil
        try open()
    }

    @discardableResult
    func commit(_ events: NewEvent...) -> CommitOutcome { commit(events) }

    @discardableResult
    func commit(_ events: [NewEvent], isOwn: Bool = false) -> CommitOutcome {
        let outcome = Mutex<CommitOutcome?>(nil)
        withBatch(events) { batch in
            var batch = batch
            batch.isOwn = isOwn
            spool.commit(batch) { result in outcome.withLock { $0 = result } }
        }
        return outcome.withLock { $0! }
    }

    func settle(_ event: EventNumber, _ queue: QueueID, _ result: Outcome.Result, attempts: UInt32 = 1) {
        let outcome = Outcome(
            DeliveryID(event: event, queue: queue), result, progress: Progress(attempts: attempts))
        spool.settle([outcome], told: clock.now)
    }

    /// Has everything that was settled written.
    func flush() throws { _ = try spool.reopen([]) }

    /// Everything owed to a queue now.
    func owed(_ queue: QueueID) -> [UInt64] {
        let inbox = Inbox()
        let waiting = spool.status().queues.first { $0.id == queue }?.waiting ?? 0
        spool.attach(queue, order: .byNumber, to: inbox)
        spool.request(queue, count: 100_000)
        let numbers = inbox.wait(for: waiting).map(\.event.rawValue)
        spool.detach(queue)
        return numbers
    }

    /// Segments that hold events: the one that waits to be written over is none.
    var segmentCount: Int { disk.paths(".segment").count { !$0.hasSuffix(SpareSegment.name) } }

    var bytesOnDisk: Int {
        (disk.paths(".segment") + disk.paths(".journal")).reduce(0) { $0 + (disk.contents($1)?.count ?? 0) }
    }
}

/// A wall clock that a test sets, in milliseconds since 1970.
final class TestClock: Sendable {
    private let time = Atomic<Int64>(1_000)
    private let set = Atomic<Int64>(0)

    var now: Int64 {
        get { time.load(ordering: .relaxed) }
        set { time.store(newValue, ordering: .relaxed) }
    }
    /// The steady clock, which goes with the wall clock but when that is set.
    var steady: Int64 { now - set.load(ordering: .relaxed) }
    /// Somebody sets the wall clock on, or back; no time passes.
    func setOn(by milliseconds: Int64) {
        set.add(milliseconds, ordering: .relaxed)
        time.add(milliseconds, ordering: .relaxed)
    }
}
