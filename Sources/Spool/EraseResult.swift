/// What came of a request to erase an event.
public enum EraseResult: Hashable, Sendable {
    /// Its attributes and its body are gone from the spool; so many deliveries that were still owed will not be made.
    case erased(cancelled: Int)
    /// It had been erased before.
    case wasErased
    /// Its record is damaged, or among bytes that no record can be read of: what is left of it, here, was not touched.
    case damaged(Position)
    /// It is not, or no longer, in the spool.
    case noSuchEvent
}
