import Testing

@testable import Spool

struct WaitingTests {
    private let segment: Range<UInt64> = 101..<1101

    private func id(_ number: UInt64, _ queue: QueueID = 1) -> DeliveryID {
        DeliveryID(event: EventNumber(rawValue: number), queue: queue)
    }

    private func tried(_ notBefore: Int64, attempts: UInt32 = 1, before: UInt32 = 0, since: Int64 = 5_000)
        -> Ledger.Tried
    {
        Ledger.Tried(
            progress: Progress(attempts: attempts, attemptsBefore: before, since: since), notBefore: notBefore)
    }

    /// Many that wait, each for a time of its own: 10,000 and its number.
    private func many(packedFrom: Int = 100) -> Waiting {
        var waiting = Waiting(packedFrom: packedFrom)
        for number in segment { _ = waiting.set(id(number), tried(10_000 + Int64(number)), in: segment) }
        return waiting
    }

    @Test func manyOfASegmentArePackedAndAFewAreNot() {
        #expect(many().packedCount == 1000)
        #expect(many(packedFrom: 2000).packedCount == 0)
    }

    @Test(arguments: [100, 2000])
    func whatIsPackedIsWhatWasNoted(packedFrom: Int) {
        var waiting = many(packedFrom: packedFrom)
        _ = waiting.set(id(200), tried(0, attempts: 0, since: 0), in: segment)
        _ = waiting.set(id(300), tried(7, attempts: 70_000), in: segment)
        _ = waiting.set(id(400), tried(.max / 2, attempts: 3, before: 2, since: -9), in: segment)
        waiting.remove(id(500), in: segment.lowerBound)
        #expect(waiting.count == 999)
        #expect(waiting[id(150)] == tried(10_150))
        #expect(waiting[id(200)] == tried(0, attempts: 0, since: 0))
        #expect(waiting[id(300)] == tried(7, attempts: 70_000))
        #expect(waiting[id(400)] == tried(.max / 2, attempts: 3, before: 2, since: -9))
        #expect(waiting[id(500)] == nil)
        #expect(waiting[id(150, 2)] == nil)
        let entries = waiting.entries.map(\.delivery.event.rawValue).sorted()
        #expect(entries == segment.filter { $0 != 500 })
    }

    @Test func whatIsDueIsHandedOverOnceAndAgainAfterANewBeginning() {
        var waiting = many()
        func due(by now: Int64) -> [UInt64] { waiting.due(1, by: now).map(\.number) }
        func set(_ number: UInt64, _ notBefore: Int64) -> Bool {
            waiting.set(id(number), tried(notBefore), in: segment)
        }
        #expect(waiting.earliest(1) == 10_101)
        #expect(due(by: 10_100) == [])
        #expect(due(by: 10_103) == [101, 102, 103])
        #expect(due(by: 10_103) == [])
        #expect(waiting.earliest(1) == 10_104)
        #expect(set(900, 10_102), "its time was handed over: it goes into the heap")
        #expect(!set(901, 10_104))
        #expect(due(by: 10_104) == [104, 901])
        _ = waiting.begin(1)
        #expect(due(by: 10_102) == [101, 102, 900])
    }

    @Test(arguments: [100, 2000])
    func whatIsPulledInComesSoonerByAsMuch(packedFrom: Int) {
        var waiting = many(packedFrom: packedFrom)
        _ = waiting.set(id(300), tried(0, attempts: 0, since: 0), in: segment)
        waiting.pullIn(by: 4000)
        #expect(waiting[id(200)] == tried(6_200, since: 1_000))
        #expect(waiting[id(300)] == tried(0, attempts: 0, since: 0))
    }

    @Test func theSegmentThatHasWaitedLongestComesFirst() {
        var waiting = many()
        let next: Range<UInt64> = 1101..<2101
        for number in next { _ = waiting.set(id(number), tried(Int64(number)), in: next) }
        func due() -> UInt64? { waiting.due(1, by: 20_000).first?.number }
        #expect(due() == 1101)
        #expect(due() == 101)
        #expect(due() == nil)
    }

    @Test func nothingIsLeftOfAQueueThatIsEmptied() {
        var waiting = many()
        waiting.remove(1, in: segment, except: [300])
        #expect(waiting.count == 1)
        waiting.remove(id(300), in: segment.lowerBound)
        #expect(waiting.isEmpty)
    }
}
