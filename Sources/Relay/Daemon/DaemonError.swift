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
        case .newerVersion, .damaged, .tooManyQueues, .erased, .unwritten: exitCode = 74
        case .elsewhere, .takenOver: exitCode = 69
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
