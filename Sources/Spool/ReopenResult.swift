/// What a request to reopen came to.
public enum ReopenResult: Hashable, Sendable {
    /// It is owed again.
    case reopened
    /// It was owed already: its next attempt comes at once.
    case wasOwed
    /// The event is not, or no longer, in the spool.
    case noSuchEvent
    /// The event was never to go to that target.
    case neverOwed
}
