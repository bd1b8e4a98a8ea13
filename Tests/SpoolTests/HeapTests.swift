import Testing

@testable import Spool

struct HeapTests {
    @Test func theSmallestComesFirst() {
        var random = SeededRandom(seed: 1)
        var heap = Heap<Int>()
        let numbers = (0..<500).map { _ in random.below(100) }
        for number in numbers { heap.insert(number) }
        #expect(heap.count == 500)
        #expect(heap.first == numbers.min())
        var drained: [Int] = []
        while let number = heap.removeFirst() { drained.append(number) }
        #expect(drained == numbers.sorted())
    }

    @Test func anEmptyHeapHasNoFirst() {
        var heap = Heap<Int>()
        #expect(heap.first == nil)
        let none = heap.removeFirst()
        #expect(none == nil)
    }
}
