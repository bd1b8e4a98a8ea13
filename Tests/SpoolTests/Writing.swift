@testable import Spool

/// The writing side of a spool on a simulated disk, opened anew as often as a test likes.
struct Writing {
    var disk: SimulatedDisk
    var settings: SpoolSettings
    var usage: SpoolUsage
    var commits: Commits

    init(
        _ disk: SimulatedDisk = SimulatedDisk(), segmentBytes: Int? = nil,
        _ change: (inout SpoolSettings) -> Void = { _ in }
    )
        throws
    {
        self.disk = disk
        settings = SpoolSettings(path: "/s")
        change(&settings)
        let recovery = try Recovery("/s", on: disk)
        usage = SpoolUsage(bytes: recovery.bytes)
        commits = try Commits(
            recovery, in: "/s", on: disk, settings: settings, usage: usage,
            space: SpoolSpace(settings, segmentLimits: segmentBytes.map { $0...$0 } ?? SpoolSpace.segmentLimits),
            spare: SpareSegment(bytes: recovery.spareBytes), salt: { 7 }, now: 0)
        commits.start(now: 0)
    }

    @discardableResult
    mutating func commit(_ events: NewEvent..., now: Int64 = 0) -> CommitOutcome {
        withBatch(events) { commits.commit($0, now: now).outcome }
    }

    /// What a restart would read, after the power went.
    func recovered(_ survival: SimulatedDisk.Survival = .everything) throws -> Recovery {
        try Recovery("/s", on: disk.crash(survival))
    }

    var bytesOnDisk: Int {
        disk.paths(".segment").reduce(0) { $0 + (disk.contents($1)?.count ?? 0) }
    }
}

/// The bodies of all events that a restart finds.
func bodies(_ recovery: Recovery, on disk: SimulatedDisk) throws -> [String] {
    let files = SegmentFiles("/s", on: disk)
    return try (1..<recovery.nextNumber).compactMap { recovery.ledger.position(of: $0) }
        .map { String(decoding: try files.read($0).body, as: UTF8.self) }
}
