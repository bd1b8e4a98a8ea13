import Testing

@testable import Spool

struct CommitBatchTests {
    @Test func eventsKeepTheirPlacesAndAttributes() {
        var batch = CommitBatch()
        #expect(batch.isEmpty)
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        let places = [
            batch.append(receivedAt: 1, owed: [1], attributes: [1, 2], body: none),
            batch.append(receivedAt: 2, owed: [], attributes: [], body: none),
            batch.append(receivedAt: 3, owed: [2], attributes: [3], body: none),
        ]
        #expect(places == [0, 1, 2])
        #expect(batch.events.map { Array(batch.attributes[$0.attributes]) } == [[1, 2], [], [3]])
        let taken = batch.take()
        #expect(batch.isEmpty && batch.count == 0 && batch.attributes.isEmpty)
        #expect(taken.count == 3 && taken.attributes == [1, 2, 3])
    }
}
