/// A segment to which nothing is appended any more.
struct SealedSegment: Sendable {
    /// Its first event's number.
    var first: UInt64
    /// Its size on disk, in bytes.
    var bytes: Int
    /// Where in it stands what was refused, if that could not be cut off: the next segment alone makes it void, and must not go before it.
    var voidFrom: Int?
}
