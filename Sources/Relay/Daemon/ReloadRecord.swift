import Synchronization

/// How often the configuration was read anew, and what was found the last time. May be used from any thread.
final class ReloadRecord: Sendable {
    struct Figures: Sendable {
        var accepted = 0
        var refused = 0
        /// When it was last tried, in milliseconds since 1970; `nil` for never.
        var triedAt: Int64?
        /// What was found then; with an error among them the old configuration stays in force.
        var findings: [Diagnostic] = []

        var isRefused: Bool { findings.contains { $0.severity == .error } }
    }

    private let state = Mutex(Figures())

    var figures: Figures { state.withLock { $0 } }

    /// Takes note of a reload.
    func note(_ findings: [Diagnostic], at now: Int64) {
        state.withLock {
            $0.findings = findings
            $0.triedAt = now
            if $0.isRefused { $0.refused += 1 } else { $0.accepted += 1 }
        }
    }
}
