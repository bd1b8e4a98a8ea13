import Testing

@testable import Delivery

struct MomentTests {
    @Test(arguments: [0, -3_600_000, 3_600_000] as [Int64])
    func aMomentIsAsLongAgoByTheWallClockThatWasSetSince(set: Int64) {
        let ended = Moment(wall: 1_700_000_000_000, steady: 5000)
        let now = Moment(wall: 1_700_000_000_040 + set, steady: 5040)
        #expect(ended.seen(at: now) == Moment(wall: now.wall - 40, steady: 5000))
    }
}
