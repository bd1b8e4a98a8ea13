import Spool
import Testing

@testable import Cluster

@Suite struct BodiesTests {
    private let event = EventNumber(rawValue: 7)
    private let queue = QueueID(rawValue: 1)

    @Test func anEventIsReadUntilItsTimeIsOverUnlessItWasLengthenedBefore() throws {
        let bodies = Bodies()
        bodies.keep(event, for: queue, [1], until: 100)
        #expect(try bodies.read(event, for: queue, now: 99) == [1])
        bodies.lengthen([event], for: queue, now: 99, until: 200)
        #expect(try bodies.read(event, for: queue, now: 150) == [1])
        // The relay stood still: what it says now comes too late.
        bodies.lengthen([event], for: queue, now: 250, until: 350)
        #expect(throws: SpoolError.takenOver(event)) { try bodies.read(event, for: queue, now: 251) }
        #expect(bodies.isOver(event, for: queue, now: 251))
        // It was handed out to this relay once more.
        bodies.keep(event, for: queue, [1], until: 400)
        #expect(try bodies.read(event, for: queue, now: 300) == [1])
    }

    @Test func anEventStaysAsLongAsAQueueNeedsIt() throws {
        let (bodies, other) = (Bodies(), QueueID(rawValue: 2))
        bodies.keep(event, for: queue, [1], until: .max)
        bodies.keep(event, for: other, [1], until: 5)
        bodies.letGo(event, for: queue)
        #expect(try bodies.read(event, for: other, now: 4) == [1])
        bodies.letGo(event, for: other)
        #expect(try bodies.read(event, for: other, now: 9) == nil)
    }
}
