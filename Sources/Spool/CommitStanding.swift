import Platform

/// What the writing side of a spool says of itself in its status.
struct CommitStanding: Sendable {
    /// Why new events are refused; `nil` if they are taken.
    var closed: String?
    /// What the last sync took.
    var syncSeconds = 0.0
    /// Every sync since the start.
    var syncs = Histogram(.answer)
    /// Events appended since the last sync.
    var unsynced = 0
    /// For how long the disk has not answered; 0 unless it hangs.
    var stalledSeconds = 0.0
}
