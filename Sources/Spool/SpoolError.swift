/// Why the spool could not do what was asked.
public enum SpoolError: Error, Hashable, Sendable {
    /// A system call failed: what was tried, on which path, and `errno`.
    case system(call: String, path: String, errno: Int32)
    /// Another process has the spool.
    case locked(path: String, pid: Int32?)
    /// The spool was written by a newer version.
    case newerVersion(path: String, found: Int, known: Int)
    /// A record is damaged.
    case damaged(segment: UInt64, offset: UInt32, reason: String)
    /// The event was erased: there is nothing left to deliver.
    case erased(EventNumber)
    /// More targets than numbers for them.
    case tooManyQueues(limit: Int)
    /// A log that is elsewhere can't be reached, or does not do what was asked, for this reason.
    case elsewhere(reason: String)
}
