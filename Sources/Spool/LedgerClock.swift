/// The ledger's own time, in milliseconds: the wall clock's at the start, and from then on as the steady clock goes. A wall
/// clock that is set back an hour keeps no retry waiting for an hour, and one that is set on lets none come early.
///
/// What stands on the disk, and what targets say, is the wall clock's.
struct LedgerClock: Sendable {
    private let wallNow: @Sendable () -> Int64
    private let steadyNow: @Sendable () -> Int64
    private let ahead: Int64

    /// Both in milliseconds; the steady clock's zero is of no account.
    init(wall: @escaping @Sendable () -> Int64, steady: @escaping @Sendable () -> Int64) {
        wallNow = wall
        steadyNow = steady
        ahead = wall() - steady()
    }

    /// The present.
    var now: Int64 { steadyNow() + ahead }

    /// The ledger's time for a moment of the wall clock's, which was told from `told` a moment ago; 0, which is "at once", stays 0.
    func time(ofWall wall: Int64, told: Int64) -> Int64 { wall == 0 ? 0 : now + wall - told }

    /// The wall clock's time for a moment of the ledger's.
    func wall(_ time: Int64) -> Int64 { time == 0 ? 0 : time - now + wallNow() }

    /// An entry as it is written.
    func onDisk(_ entry: JournalEntry) -> JournalEntry {
        var entry = entry
        entry.notBefore = wall(entry.notBefore)
        return entry
    }
}
