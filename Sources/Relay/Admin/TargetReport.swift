import Delivery
import EventJSON
import Spool

/// A target as the console shows it: its queue, its pace, and the last hour.
struct TargetReport {
    let name: String
    /// What the spool holds for it; `nil` if it was never owed anything.
    var queue: SpoolStatus.Queue?
    /// How it works; `nil` if it is not configured any more.
    var worker: TargetStatus?
    /// As configured.
    var settings: TargetSettings?

    /// One object. `now` is in milliseconds, since 1970 and of the steady clock.
    func write(to writer: inout JSONWriter, now: Int64, steady: Int64) {
        writer.object { writer in
            writer.member("name", name)
            writer.member("kind", settings?.kind.name)
            writer.member("place", settings?.kind.place)
            writer.member("waiting", queue?.waiting ?? 0)
            writer.member("in_flight", worker?.inFlight ?? 0)
            writer.member("failed", queue?.failed ?? 0)
            writer.member("oldest_seconds", queue?.oldestReceivedAt.map { Double(max(0, now - $0)) / 1000 } ?? 0)
            writer.member("breaker", (worker?.breaker ?? .closed).rawValue)
            writer.member("paused", worker?.paused ?? false)
            writer.member("orphaned", worker == nil)
            writer.member("held_seconds", worker?.heldSeconds(at: now) ?? 0)
            writer.member("succeeded", worker?.succeeded ?? 0)
            writer.member("retried", worker?.retried ?? 0)
            writer.member("last_error", worker?.lastError)
            writePace(to: &writer, steady: steady)
        }
    }

    private func writePace(to writer: inout JSONWriter, steady: Int64) {
        let durations = worker?.tally.recentAttempts
        for (name, share) in [("p50_seconds", 0.5), ("p99_seconds", 0.99)] {
            writer.member(name) { writer in
                if let value = durations?.quantile(share) { writer.number(value) } else { writer.null() }
            }
        }
        let minutes = worker?.tally.hour.upTo(now: steady) ?? []
        let recent = minutes.suffix(2).reduce(0) { $0 + Int($1.succeeded) }
        writer.member("delivered_per_second", Double(recent) / (60 + Double(steady % 60_000) / 1000))
        writer.member("minutes") { writer in
            writer.array { writer in
                for minute in minutes {
                    writer.object {
                        $0.member("succeeded", minute.succeeded)
                        $0.member("failed", minute.failed)
                    }
                }
            }
        }
    }
}

extension TargetSettings.Kind {
    /// The key that it stands under in `routes.json`.
    fileprivate var name: String {
        switch self {
        case .http: "http"
        case .file: "file"
        case .command: "command"
        }
    }

    /// Where events go, as the file says it.
    fileprivate var place: String {
        switch self {
        case .http(let http): SecretText.withoutCredentials(http.shown.source)
        case .file(let file): file.path.source
        case .command(let command):
            switch command.form {
            case .argv(let arguments): arguments.first?.source ?? ""
            case .shell: "/bin/sh"
            }
        }
    }
}
