import Testing

@testable import Delivery

struct BatchGathererTests {
    private func gatherer(
        max: Int = 3, bytes: Int = 1 << 20, concurrency: Int = 8, _ count: Int = 0, size: Int = 10
    ) -> BatchGatherer {
        var settings = BatchSettings()
        settings.maxEvents = max
        settings.maxBytes = bytes
        var gatherer = BatchGatherer(settings, concurrency: concurrency)
        for number in 0..<count { gatherer.add(item(number, size: size), now: 0) }
        return gatherer
    }

    private func item(_ number: Int, size: Int = 10) -> BatchItem {
        BatchItem(attempt: .of(.init(rawValue: UInt64(number + 1))), content: [UInt8](repeating: 0x30, count: size))
    }

    private func numbers(_ batch: [BatchItem]?) -> [UInt64]? { batch?.map(\.attempt.event.number.rawValue) }

    @Test func aFullBatchGoesAtOnceAndTheRestLingers() {
        var gatherer = gatherer(max: 3, 5)
        #expect(numbers(gatherer.next(now: 0)) == [1, 2, 3])
        #expect(gatherer.next(now: 49) == nil)
        #expect(gatherer.wakeAt() == 50)
        #expect(numbers(gatherer.next(now: 50)) == [4, 5])
        #expect(gatherer.wakeAt() == nil)
    }

    @Test func hastenedNothingLingers() {
        var gatherer = gatherer(max: 3, concurrency: 1, 2)
        #expect(gatherer.next(now: 0) == nil)
        gatherer.hasten()
        #expect(numbers(gatherer.next(now: 0)) == [1, 2])
        gatherer.add(item(2), now: 0)
        #expect(gatherer.next(now: 0) == nil, "one request at a time")
        gatherer.ended()
        #expect(numbers(gatherer.next(now: 0)) == [3])
    }

    @Test func bytesBoundABatchToo() {
        var gatherer = gatherer(max: 100, bytes: 250, 5, size: 100)
        #expect(numbers(gatherer.next(now: 0)) == [1, 2])
        #expect(numbers(gatherer.next(now: 0)) == [3, 4])
        #expect(gatherer.next(now: 0) == nil)
    }

    @Test func anEventLargerThanABatchGoesAlone() {
        var gatherer = gatherer(max: 100, bytes: 50, 2, size: 100)
        #expect(numbers(gatherer.next(now: 0)) == [1])
        #expect(numbers(gatherer.next(now: 0)) == [2])
    }

    @Test func soManyRequestsAreUnderWayAsTheConcurrencySays() {
        var gatherer = gatherer(max: 1, concurrency: 2, 4)
        #expect(gatherer.next(now: 0) != nil)
        #expect(gatherer.next(now: 0) != nil)
        #expect(gatherer.next(now: 0) == nil)
        #expect(gatherer.wakeAt() == nil)
        gatherer.ended()
        #expect(numbers(gatherer.next(now: 0)) == [3])
    }

    @Test func aBatchThatIsTooLargeGoesInHalvesAndTheNextAreNoLarger() {
        var gatherer = gatherer(max: 8, concurrency: 1, 20)
        let batch = gatherer.next(now: 0) ?? []
        gatherer.ended()
        #expect(gatherer.tooLarge(batch).map { numbers($0) } == [[1, 2, 3, 4], [5, 6, 7, 8]])
        #expect(gatherer.limit == 4)
        // The halves are under way in its place.
        #expect(gatherer.next(now: 0) == nil)
        gatherer.ended()
        gatherer.ended()
        #expect(numbers(gatherer.next(now: 0)) == [9, 10, 11, 12])
        gatherer.ended()
        gatherer.accepted(4)
        #expect(numbers(gatherer.next(now: 0))?.count == 5)
    }

    @Test func oneEventCannotBeHalved() {
        var gatherer = gatherer(max: 8, 1)
        let batch = gatherer.next(now: 50) ?? []
        gatherer.ended()
        #expect(gatherer.tooLarge(batch).isEmpty)
    }

    @Test func whatWaitsIsGivenUpTogether() {
        var gatherer = gatherer(max: 3, 5)
        _ = gatherer.next(now: 0)
        #expect(gatherer.drain().map(\.event.number.rawValue) == [4, 5])
        #expect(gatherer.count == 0)
    }

    @Test func theIdsOfABatchStandOnLinesThatAServerTakes() {
        let ids = (0..<1000).map { "evt_0123456789abcdef0123_\($0)" }
        let lists = BatchItem.lists(of: ids)
        #expect(lists.allSatisfy { $0.utf8.count <= BatchItem.listBytes })
        #expect(lists.joined(separator: ", ") == ids.joined(separator: ", "))
        #expect(BatchItem.id(of: ids) == BatchItem.id(of: ids))
        #expect(BatchItem.id(of: ids) != BatchItem.id(of: ids.reversed()))
    }
}
