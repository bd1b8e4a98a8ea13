/// How a spool behaves: `spool` in `routes.json`.
public struct SpoolSettings: Sendable, Equatable {
    /// When an append is synced.
    public enum Sync: Hashable, Sendable {
        /// Before every answer.
        case always
        /// At least this often; what came since may be lost at a power cut.
        case interval(Duration)
        /// When the kernel sees fit.
        case never
    }

    /// Who commits.
    public enum Commit: Hashable, Sendable {
        /// The thread that hands over a batch, at once.
        case byCaller
        /// A thread of the spool's, which gathers while the disk syncs; a disk that hangs holds up nobody else.
        case byThread
    }

    /// The directory, absolute.
    public var path: String
    /// When an append is synced.
    public var sync: Sync = .always
    /// How long a finished event stays.
    public var retain: Duration = .seconds(7 * 86400)
    /// The most that the spool may take on disk, in bytes.
    public var maxSizeBytes: Int = 10_000_000_000
    /// What must stay free on the file system, in bytes.
    public var minFreeBytes: Int = 256 << 20

    /// Who commits.
    public var commit: Commit = .byCaller

    /// Half of what is free when the door closes: what the audit log leaves to outcomes and failures, in bytes.
    public var auditReserveBytes: Int { (minFreeBytes + SegmentWriter.zeroStepBytes) / 2 }
    /// The longest record that the spool could hold, if it held no other, in bytes: an event's body, headers and all.
    public var recordLimitBytes: Int { SpoolSpace(self).recordLimitBytes }

    /// The defaults, in a directory.
    public init(path: String) {
        self.path = path
    }
}
