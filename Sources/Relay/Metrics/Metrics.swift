import Delivery
import HTTPServer
import Platform
import Spool

/// What `/metrics` tells, gathered at each scrape from where it is counted. May be used from any thread.
///
/// Labels are names of the configuration's and words of our own: nothing that a stranger sends becomes one.
struct Metrics: Sendable {
    let log: any EventLog
    let engine: DeliveryEngine
    let counters: AcceptanceCounters
    let reloads: ReloadRecord
    let now: @Sendable () -> Int64
    /// Failures whose events left a cluster's stream unrecorded, by target; `nil` where none can.
    let unrecorded: @Sendable () -> [String: Int]?

    /// Routes that have a series of their own at the most; those behind them are counted together, as `(others)`.
    static let routeSeriesLimit = 2000

    /// The text of a scrape.
    func text(_ format: Exposition.Format) -> [UInt8] {
        var text = Exposition(format)
        writeDoor(&text)
        let spool = log.status()
        writeTargets(spool, &text)
        writeSpool(spool, &text)
        writeSpans(&text)
        writeConfiguration(&text)
        writeProcess(&text)
        text.end()
        return text.bytes
    }

    private func writeDoor(_ text: inout Exposition) {
        let door = counters.total
        text.counter("hookswitch_events_accepted", "Events answered 202, by source.") {
            for source in door.accepted { $0.add(["source": source.name], source.count) }
        }
        text.counter("hookswitch_events_duplicate", "Repetitions answered 202 and not delivered again.") {
            $0.add(door.duplicates)
        }
        text.counter("hookswitch_requests_refused", "Requests refused, by reason.") {
            let refusals = RefusalReason.counts(counters.refusalsByStatus)
            for reason in RefusalReason.allCases { $0.add(["reason": reason.rawValue], refusals[reason] ?? 0) }
        }
        text.counter("hookswitch_events_routed", "Events taken, by route.") {
            for route in door.routed.prefix(Metrics.routeSeriesLimit) { $0.add(["route": route.name], route.count) }
            let others = door.routed.dropFirst(Metrics.routeSeriesLimit)
            if !others.isEmpty { $0.add(["route": "(others)"], others.reduce(0) { $0 + $1.count }) }
        }
        text.counter("hookswitch_events_unrouted", "Events that no route took.") { $0.add(door.unrouted) }
        text.histogram(
            "hookswitch_answer_duration_seconds", "From an event's last byte to its 202."
        ) { $0.add(door.answers) }
    }

    private func writeSpool(_ spool: SpoolStatus, _ text: inout Exposition) {
        text.gauge("hookswitch_spool_bytes", "What the spool takes on disk.") { $0.add(spool.bytes) }
        text.gauge("hookswitch_spool_events", "Events retained.") { $0.add(spool.events) }
        if let buffer = spool.buffer {
            text.gauge("hookswitch_buffer_events", "Events on this machine's disk that wait for the cluster.") {
                $0.add(buffer.events)
            }
            text.gauge("hookswitch_buffer_active", "1 while new events are taken into the buffer.") {
                $0.add(buffer.reason == nil ? 0 : 1)
            }
        }
        text.gauge("hookswitch_spool_corrupt_records", "Records found damaged and stepped over.") {
            $0.add(spool.corrupt)
        }
        text.gauge(
            "hookswitch_spool_stalled_seconds",
            "For how long the spool's disk has not answered a commit; 0 unless new events are refused because of it."
        ) { $0.add(spool.stalledSeconds) }
        text.gauge("hookswitch_spool_closed", "1 while new events are refused for want of room or a failing disk.") {
            $0.add(spool.closed == nil ? 0 : 1)
        }
        text.counter(
            "hookswitch_audit_lines_left_out", "Lines left out of the audit log, mostly for want of room on the disk."
        ) { $0.add(engine.auditLinesLeftOut) }
        text.histogram("hookswitch_spool_sync_duration_seconds", "How long a sync of the spool took.") {
            $0.add(spool.syncs)
        }
    }

    private func writeSpans(_ text: inout Exposition) {
        let spans = engine.spans.tally
        text.counter("hookswitch_spans_sent", "Spans that the collector took.") { $0.add(spans.sent) }
        text.counter("hookswitch_spans_dropped", "Spans dropped, by reason.") {
            for loss in SpanTally.Loss.allCases { $0.add(["reason": loss.rawValue], spans.dropped[loss] ?? 0) }
        }
    }

    private func writeConfiguration(_ text: inout Exposition) {
        let reloads = reloads.figures
        text.counter("hookswitch_reloads", "Times the configuration was read anew, by result.") {
            $0.add(["result": "accepted"], reloads.accepted)
            $0.add(["result": "refused"], reloads.refused)
        }
        text.gauge("hookswitch_reload_refused", "1 if the latest configuration had errors and the old one stays.") {
            $0.add(reloads.isRefused ? 1 : 0)
        }
        text.gauge("hookswitch_build_info", "1, with the version.") { $0.add(["version": hookswitchVersion], 1) }
    }

    private func writeProcess(_ text: inout Exposition) {
        guard let process = ProcessFigures() else { return }
        text.counter("process_cpu_seconds", "User and system time spent.") { $0.add(process.cpuSeconds) }
        text.gauge("process_start_time_seconds", "When the process started, since 1970.") {
            $0.add(process.startSeconds)
        }
        text.gauge("process_resident_memory_bytes", "Resident memory.") { $0.add(process.residentBytes) }
        text.gauge("process_virtual_memory_bytes", "Virtual memory.") { $0.add(process.virtualBytes) }
        text.gauge("process_threads", "Threads.") { $0.add(process.threads) }
        text.gauge("process_open_fds", "Open descriptors.") { $0.add(process.openDescriptors) }
        text.gauge("process_max_fds", "Descriptors that may be open.") { $0.add(process.descriptorLimit) }
    }
}
