import Delivery
import Spool

/// Failures whose events leave a cluster's stream by their age before a record of them could be stored for `on_failure`: how many of
/// each target, and what of it is to be said. Logic alone.
///
/// Nobody is told of what has left the stream, so that it is judged by when the next try will be: the last relay to try counts it.
struct Unrecorded {
    /// How often it is said of one target, in milliseconds.
    static let noticeMilliseconds: Int64 = 60_000
    /// For how long more of them gather before the first is said, in milliseconds.
    static let gatherMilliseconds: Int64 = 1_000

    private struct Target {
        var count = 0
        var unsaid = 0
        var first = EventNumber(rawValue: 0)
        var saidAt: Int64 = .min / 2
    }

    /// How long the stream keeps an event, in milliseconds.
    let retainMilliseconds: Int64
    private var targets: [String: Target] = [:]

    init(retainMilliseconds: Int64) { self.retainMilliseconds = retainMilliseconds }

    /// How many there were since the start, by target.
    var counts: [String: Int] { targets.mapValues(\.count) }

    /// Takes note of a failure whose record was not taken and is tried again at a moment. Answers in how many milliseconds it is to be
    /// said, if nobody has been asked to yet.
    mutating func note(_ record: AttemptRecord, nextAt: Int64, now: Int64) -> Int64? {
        guard let receivedAt = record.receivedAt, receivedAt + retainMilliseconds <= nextAt else { return nil }
        var target = targets[record.target] ?? Target()
        target.count += 1
        target.unsaid += 1
        if target.unsaid == 1 { target.first = record.event }
        targets[record.target] = target
        guard target.unsaid == 1 else { return nil }
        return max(Unrecorded.gatherMilliseconds, target.saidAt + Unrecorded.noticeMilliseconds - now)
    }

    /// What is to be said of a target.
    mutating func say(_ name: String, now: Int64) -> String? {
        guard var target = targets[name], target.unsaid > 0 else { return nil }
        let (count, first) = (target.unsaid, target.first)
        target.unsaid = 0
        target.saidAt = now
        targets[name] = target
        let events = count == 1 ? "event \(first) leaves" : "\(count) events, event \(first) the first, leave"
        return "\(events) the stream (`spool.retain`) before a failure's record could be stored for its "
            + "`on_failure` targets, which get none: the line in failures.ndjson is what is left"
    }
}
