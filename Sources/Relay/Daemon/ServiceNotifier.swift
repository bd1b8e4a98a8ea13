import CPlatform
import Glibc

/// Tells the service manager that started the relay how it is, by datagrams (sd_notify(3)); nobody, where none did.
/// May be used from any thread.
public struct ServiceNotifier: Sendable {
    private let socket: String?
    /// How often it wants to hear that the relay lives (sd_watchdog_enabled(3)).
    let watchdog: Duration?

    /// The one that the environment names.
    public init(environment: (String) -> String? = { getenv($0).map { String(cString: $0) } }) {
        socket = environment("NOTIFY_SOCKET").flatMap { $0.isEmpty ? nil : $0 }
        let isOurs = environment("WATCHDOG_PID").map { Int32($0) == getpid() } ?? true
        watchdog = isOurs ? environment("WATCHDOG_USEC").flatMap { Int64($0) }.map { .microseconds($0) } : nil
    }

    /// Events are taken, by the configuration that was read last.
    func ready(_ status: String) { tell("READY=1\nSTATUS=\(status)") }

    /// The configuration is being read anew.
    func reloading() { tell("RELOADING=1\nMONOTONIC_USEC=\(hs_monotonic_ns() / 1000)") }

    /// Nothing more is accepted, and what is under way ends.
    func stopping() { tell("STOPPING=1\nSTATUS=stopping: what is under way ends") }

    /// All goes on.
    func alive() { tell("WATCHDOG=1") }

    private func tell(_ message: String) {
        // Whoever does not listen is not missed.
        if let socket { _ = hs_send_datagram(socket, message) }
    }
}
