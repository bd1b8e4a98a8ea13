import Glibc

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
    /// Its delivery is, or may be, another relay's by now.
    case takenOver(EventNumber)
    /// What must be written down before something is done could not be: it was not done.
    case unwritten(reason: String)
    /// More targets than numbers for them.
    case tooManyQueues(limit: Int)
    /// A log that is elsewhere can't be reached, or does not do what was asked, for this reason.
    case elsewhere(reason: String)
}

extension SpoolError {
    /// Whether the disk has no room for what was to be made or written.
    public var isForWantOfRoom: Bool {
        if case .system(_, _, let number) = self { number == ENOSPC || number == EDQUOT } else { false }
    }

    /// The fault in words, and what to do about it.
    public var described: String {
        switch self {
        case .system(let call, let path, let number):
            "\(call) \(path): \(String(cString: strerror(number)))"
        case .locked(let path, let pid):
            "another hookswitch\(pid.map { " (process \($0))" } ?? "") has this spool: \(path) is locked; stop it, or give this one a spool of its own"
        case .newerVersion(let path, let found, let known):
            "\(path) was written in format \(found) by a newer hookswitch; this one reads up to format \(known): start the newer one"
        case .damaged(let segment, let offset, let reason):
            "the record at byte \(offset) of segment \(segment) is damaged: \(reason)"
        case .erased(let event): "event \(event) was erased"
        case .takenOver(let event): "event \(event) is another relay's to deliver by now"
        case .elsewhere(let reason), .unwritten(let reason): reason
        case .tooManyQueues(let limit):
            "the spool has \(limit) target names already, and numbers for no more"
        }
    }
}
