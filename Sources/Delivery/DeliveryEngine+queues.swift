import Spool

/// What operators do to a target's whole queue.
extension DeliveryEngine {
    /// Lets go of what a target has in hand and holds its queue while `change` empties it in the log. `change` gets the
    /// events under way, which stay with the target and end as they end; with `givingUp` they are not tried again.
    /// Blocks; not to be called on a target's queue. A target that is not configured is held by nobody.
    public func emptying<Answer>(
        _ name: String, givingUp: Bool, _ change: (Set<EventNumber>) throws(SpoolError) -> Answer
    ) throws(SpoolError) -> Answer {
        guard let worker = worker(named: name) else { return try change([]) }
        let underWay = worker.letGo(givingUp: givingUp)
        defer { worker.takeUp() }
        return try change(underWay)
    }
}
