import Testing

@testable import Spool

struct DedupeTableTests {
    private func key(_ name: UInt64, until: Int64) -> DedupeKey { DedupeKey(hash: SIMD2(name, 0), until: until) }

    @Test func aKeyIsKnownUntilItsTimeIsOver() {
        var table = DedupeTable()
        table.insert(key(1, until: 100), number: 7)
        #expect(table.lookup(key(1, until: 500), now: 99) == 7)
        #expect(table.lookup(key(1, until: 500), now: 100) == nil)
        #expect(table.lookup(key(2, until: 500), now: 0) == nil)
    }

    @Test func aKeySeenAgainAfterItsTimeStandsForTheNewEvent() {
        var table = DedupeTable()
        table.insert(key(1, until: 100), number: 7)
        table.insert(key(1, until: 300), number: 8)
        table.purge(now: 200)
        #expect(table.lookup(key(1, until: 0), now: 200) == 8)
    }

    @Test func purgingForgetsOnlyWhatNoLongerCounts() {
        var table = DedupeTable()
        for number in 1...10_000 { table.insert(key(UInt64(number), until: Int64(number)), number: UInt64(number)) }
        table.purge(now: 9_999)
        #expect(table.lookup(key(9_999, until: 0), now: 0) == nil)
        #expect(table.lookup(key(10_000, until: 0), now: 9_999) == 10_000)
    }
}
