import TestSupport
import Testing

@testable import Spool

struct QueueMapTests {
    @Test func itHasWhatADictionaryHas() {
        var random = SeededGenerator(seed: 7)
        var map = QueueMap<Int>()
        var dictionary: [QueueID: Int] = [:]
        for _ in 0..<10_000 {
            let queue = QueueID(rawValue: UInt16.random(in: 0...40, using: &random))
            let value = Int.random(in: 0...1000, using: &random)
            switch Int.random(in: 0...4, using: &random) {
            case 0: (map[queue], dictionary[queue]) = (value, value)
            case 1: (map[queue], dictionary[queue]) = (nil, nil)
            case 2:
                map[queue]? += value
                dictionary[queue]? += value
            case 3:
                map[queue, default: 3] += value
                dictionary[queue, default: 3] += value
            default: #expect(map[queue, default: -1] == dictionary[queue, default: -1])
            }
            #expect(map[queue] == dictionary[queue])
        }
        #expect(map.keys == dictionary.keys.sorted())
        #expect(map.values == dictionary.sorted { $0.key < $1.key }.map(\.value))
        #expect(map.mapValues { $0 } == dictionary)
    }

    @Test func whatIsTakenOutIsGoneUntilItIsPutBack() {
        let queue = QueueID(rawValue: 9)
        var map = QueueMap<String>()
        #expect(map.take(queue) == nil)
        map[queue] = "nine"
        map[QueueID(rawValue: 2)] = "two"
        #expect(map.take(queue) == "nine")
        #expect(map[queue] == nil)
        #expect(map.keys.map(\.rawValue) == [2])
        map[queue] = "nine again"
        #expect(map.map(\.value) == ["two", "nine again"])
    }

    /// A value that many events are noted in is not copied for each.
    @Test func aValueIsChangedWhereItStands() throws {
        let queue = QueueID(rawValue: 1)
        var map = QueueMap<[Int]>()
        map[queue] = Array(repeating: 1, count: 3)
        func address() throws -> Int {
            try #require(map[queue]).withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
        }
        let before = try address()
        map[queue]?[0] = 4
        map[queue, default: []][1] = 5
        #expect(map[queue] == [4, 5, 1])
        #expect(try address() == before)
    }
}
