import CPlatform

/// A moment on both clocks: what is written down counts by the wall's, how long something lasts by the steady one.
public struct Moment: Sendable, Equatable {
    /// Milliseconds since 1970.
    public var wall: Int64
    /// Milliseconds since an arbitrary beginning; never goes back.
    public var steady: Int64

    /// A moment.
    public init(wall: Int64, steady: Int64) {
        self.wall = wall
        self.steady = steady
    }

    /// Now. Only shells ask; whatever decides is told.
    static var now: Moment {
        Moment(wall: hs_wall_ms(), steady: hs_monotonic_ns() / 1_000_000)
    }

    /// The same moment by the wall clock as it goes now, which may have been set since.
    func seen(at now: Moment) -> Moment { Moment(wall: now.wall - (now.steady - steady), steady: steady) }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? .max / 4 : product + attoseconds / 1_000_000_000_000_000
    }
}
