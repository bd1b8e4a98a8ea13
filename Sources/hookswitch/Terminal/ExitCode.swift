/// What the process ends with (sysexits.h).
enum ExitCode {
    static let ok: Int32 = 0
    static let failure: Int32 = 1
    static let usage: Int32 = 64
    static let badData: Int32 = 65
    /// The daemon, or the brokers, can't be reached.
    static let unavailable: Int32 = 69
    static let cantCreate: Int32 = 73
    static let file: Int32 = 74
    static let configuration: Int32 = 78
}

/// Why a verb ends early: what is said on standard error, and the exit code.
struct Failure: Error {
    var exitCode: Int32
    var message: String
    var hint: String
    /// Whether no daemon is there: what needs none may go on without.
    var isForWantOfDaemon = false

    init(_ exitCode: Int32, _ message: String, hint: String = "") {
        self.exitCode = exitCode
        self.message = message
        self.hint = hint
    }
}
