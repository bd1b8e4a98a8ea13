import CPlatform
import Cluster
import Spool

/// What all relays of a cluster tried of one event, as the brokers have it: from when the event was stored on, for as long as there is
/// time.
struct ClusterAttempts {
    /// How long is looked for them, in milliseconds; a question that is under way is waited for.
    static let limitMilliseconds: Int64 = 2_000
    /// Lines are looked for so much longer before the event was stored, in milliseconds: each stream's leader has a clock of its own.
    private static let clockSlackMilliseconds: Int64 = 10_000

    /// The lines with the names of the relays that wrote them, in the order in which the brokers got them.
    var lines: [(record: RecordLine, relay: String)] = []
    /// Whether the time was enough for all.
    var isComplete = true

    /// Asks the brokers. Blocks.
    init(of event: EventNumber, in log: JetStreamLog) throws(SpoolError) {
        let end = hs_monotonic_ns() / 1_000_000 + ClusterAttempts.limitMilliseconds
        guard let storedAt = try log.storedAt(event) else { return }
        let stream = RecordStream(of: log, .audit)
        guard let bounds = try stream.bounds(),
            var next = try stream.first(since: storedAt - ClusterAttempts.clockSlackMilliseconds, in: bounds)
        else { return }
        var filter = RecordFilter()
        filter.event = event.rawValue
        while next <= bounds.upperBound {
            guard hs_monotonic_ns() / 1_000_000 < end else {
                isComplete = false
                return
            }
            let last = min(bounds.upperBound, next + UInt64(RecordStream.window) - 1)
            for batch in try stream.batches(next...last) {
                for line in batch.lines.split(separator: 0x0A) {
                    if let record = filter.take(line) { lines.append((record, batch.relay)) }
                }
            }
            next = last + 1
        }
    }
}
