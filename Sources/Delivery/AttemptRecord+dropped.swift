import Spool

extension AttemptRecord {
    /// The one line that a drop by hand leaves in the audit file, however many deliveries it was.
    public static func dropped(
        _ count: Int, of target: String, from first: EventNumber, to last: EventNumber, at now: Int64
    ) -> AttemptRecord {
        AttemptRecord(
            status: .failed, event: first, source: "", columns: EventColumns(), target: target, place: "",
            executedAt: now, attempt: 0, durationMilliseconds: 0,
            ending: .broken(reason: "dropped by hand: \(count) deliveries of the events \(first) to \(last)"))
    }

    /// The line that each of them leaves in the failures file; without its columns where the event can't be read.
    public static func dropped(
        _ delivery: GivenUpDelivery, _ attributes: EventAttributes, of target: String, at now: Int64
    ) -> AttemptRecord {
        AttemptRecord(
            status: .failed, event: delivery.event, source: attributes.source, columns: attributes.columns,
            target: target, place: "", executedAt: now, attempt: delivery.progress.attempts, durationMilliseconds: 0,
            ending: .broken(reason: "dropped by hand"))
    }
}
