import CPlatform
import Glibc
import Spool

/// Taking a running daemon's place: it is told to end, and its spool is waited for. Clients wait at the new sockets meanwhile.
enum Takeover {
    /// How often the spool is asked for.
    private static let pauseNanoseconds = 5_000_000
    /// What an old daemon may need beyond its `shutdown_timeout`.
    private static let patience: Duration = .seconds(10)

    /// Opens the spool as soon as the daemon that has it, if there is one, has let go of it.
    static func log(_ configuration: Configuration, log: Log, _ notices: Notices) throws(DaemonError) -> any EventLog {
        let end = ContinuousClock.now + configuration.shutdownTimeout + patience
        var told: Int32?
        while true {
            do throws(SpoolError) {
                return try configuration.openLog(notices)
            } catch {
                guard case .locked(_, let pid?) = error, ContinuousClock.now < end else { throw DaemonError(error) }
                if told != pid {
                    guard kill(pid, SIGUSR2) == 0 else { throw DaemonError(error) }
                    log.write(.info, "taking over: the running daemon was told to end", ["process": "\(pid)"])
                    told = pid
                }
                var pause = timespec(tv_sec: 0, tv_nsec: pauseNanoseconds)
                nanosleep(&pause, nil)
            }
        }
    }
}
