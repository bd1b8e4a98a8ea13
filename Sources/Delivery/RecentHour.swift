/// Attempts of the last hour, minute by minute. A plain value without memory of its own.
public struct RecentHour: Sendable {
    /// One minute.
    public struct Minute: Sendable, Equatable {
        /// Attempts that delivered.
        public var succeeded: UInt32 = 0
        /// Attempts that failed.
        public var failed: UInt32 = 0
    }

    /// How many minutes are kept.
    public static let minutes = 60

    private var ring = InlineArray<60, Minute>(repeating: Minute())
    private var latest: Int64 = 0

    /// Counts an attempt, `now` by the steady clock in milliseconds.
    mutating func count(succeeded: Bool, now: Int64) {
        let minute = now / 60_000
        if minute > latest {
            for gone in max(latest + 1, minute - 59)...minute { ring[Int(gone % 60)] = Minute() }
            latest = minute
        }
        let place = Int(latest % 60)
        if succeeded { ring[place].succeeded &+= 1 } else { ring[place].failed &+= 1 }
    }

    /// The minutes up to now, the oldest first, `now` by the steady clock in milliseconds.
    public func upTo(now: Int64) -> [Minute] {
        let minute = now / 60_000
        return (minute - 59...minute).map { $0 > latest || $0 <= latest - 60 || $0 < 0 ? Minute() : ring[Int($0 % 60)] }
    }
}
