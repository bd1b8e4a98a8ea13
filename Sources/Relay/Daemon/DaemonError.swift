import Delivery
import Glibc
import HTTPServer
import Spool

/// Why the daemon could not start, with the exit code that says so (sysexits.h).
public struct DaemonError: Error, Sendable {
    /// What happened, and what to do.
    public var message: String
    /// The process's exit code.
    public var exitCode: Int32

    init(_ error: SpoolError) {
        message = error.described
        switch error {
        case .locked: exitCode = 1
        case .system(let call, _, _): exitCode = call == "mkdir" || call == "open" ? 73 : 74
        case .newerVersion, .damaged, .tooManyQueues, .erased: exitCode = 74
        case .elsewhere: exitCode = 69
        }
    }

    init(_ error: ListenError) {
        message = error.description
        exitCode = 1
    }

    init(_ error: TLSFault) {
        message = error.message
        exitCode = 78
    }

    init(_ error: DeliveryEngine.StartError) {
        message = error.reason
        exitCode = 1
    }

    init(_ message: String) {
        self.message = message
        exitCode = 1
    }
}

extension SpoolError {
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
        case .elsewhere(let reason): reason
        case .tooManyQueues(let limit):
            "the spool has \(limit) target names already, and numbers for no more"
        }
    }
}
