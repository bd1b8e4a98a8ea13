import Delivery
import Spool

extension Metrics {
    /// Every target that is configured, and every queue that is still owed something.
    func writeTargets(_ spool: SpoolStatus, _ text: inout Exposition) {
        let targets = engine.status()
        writeQueues(spool, targets, &text)
        writeOutcomes(targets, &text)
        text.gauge("hookswitch_target_in_flight", "Attempts under way.") {
            for target in targets { $0.add(["target": target.name], target.inFlight) }
        }
        text.gauge("hookswitch_target_paused", "1 while the queue waits by configuration or by hand.") {
            for target in targets { $0.add(["target": target.name], target.paused ? 1 : 0) }
        }
        text.gauge("hookswitch_breaker_state", "1 for the state that the target's breaker is in.") {
            for target in targets {
                for state in [Breaker.State.closed, .open, .halfOpen] {
                    $0.add(["target": target.name, "state": state.rawValue], target.breaker == state ? 1 : 0)
                }
            }
        }
        text.counter("hookswitch_breaker_openings", "Times the breaker has opened.") {
            for target in targets { $0.add(["target": target.name], target.breakerOpenings) }
        }
        text.histogram("hookswitch_delivery_duration_seconds", "From an event's 202 to its delivery.") {
            for target in targets { $0.add(["target": target.name], target.tally.deliveries) }
        }
        text.histogram("hookswitch_attempt_duration_seconds", "How long one attempt took.") {
            for target in targets { $0.add(["target": target.name], target.tally.attempts) }
        }
    }

    private func writeQueues(_ spool: SpoolStatus, _ targets: [TargetStatus], _ text: inout Exposition) {
        let configured = Set(targets.map(\.queue))
        let queues = spool.queues.filter { configured.contains($0.id) || $0.waiting > 0 || $0.failed > 0 }
        text.gauge("hookswitch_backlog_events", "Deliveries owed, those under way included.") {
            for queue in queues { $0.add(["target": queue.name], queue.waiting) }
        }
        text.gauge("hookswitch_backlog_oldest_seconds", "Age of the oldest event owed.") {
            let now = now()
            for queue in queues {
                $0.add(["target": queue.name], queue.oldestReceivedAt.map { Double(max(0, now - $0)) / 1000 } ?? 0)
            }
        }
        text.gauge("hookswitch_failures_retained", "Deliveries given up that can still be sent again.") {
            for queue in queues { $0.add(["target": queue.name], queue.failed) }
        }
    }

    private func writeOutcomes(_ targets: [TargetStatus], _ text: inout Exposition) {
        text.counter("hookswitch_deliveries_succeeded", "Deliveries made.") {
            for target in targets { $0.add(["target": target.name], target.succeeded) }
        }
        text.counter("hookswitch_deliveries_retried", "Attempts that failed and are made again.") {
            for target in targets { $0.add(["target": target.name], target.retried) }
        }
        text.counter("hookswitch_deliveries_failed", "Deliveries given up, by the last attempt's cause.") {
            write(targets, \.failedDeliveries, &$0)
        }
        if let unrecorded = unrecorded() {
            text.counter(
                "hookswitch_failures_unrecorded",
                "Failures whose events left the stream before a record of them could be stored for on_failure."
            ) { for target in targets { $0.add(["target": target.name], unrecorded[target.name] ?? 0) } }
        }
        text.counter("hookswitch_attempts_failed", "Attempts that failed, by cause.") {
            write(targets, \.failedAttempts, &$0)
        }
    }

    /// Every cause is there from the start: a rate is only right for a series that began at zero.
    private func write(
        _ targets: [TargetStatus], _ counts: KeyPath<TargetTally, CauseCounts>, _ samples: inout Exposition.Samples
    ) {
        for target in targets {
            for cause in FailureCause.allCases {
                samples.add(["target": target.name, "cause": cause.rawValue], target.tally[keyPath: counts][cause])
            }
        }
    }
}
