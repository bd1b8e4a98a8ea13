import Spool
import Testing

@testable import Cluster

@Suite struct ConsignmentTests {
    private func id(_ text: String, at time: Int64 = 5, key: DedupeKey? = nil, now: Int64 = 10) -> String {
        Consignment.id(receivedAt: time, dedupe: key, attributes: Array(text.utf8), now: now)
    }

    @Test func anEventGoesUnderOneNameWheneverItIsSentAndNoOtherDoes() {
        #expect(id("evt_1") == id("evt_1"))
        var names: Set<String> = []
        for number in 0..<10_000 { names.insert(id("evt_0123456789abcdef_\(String(number, radix: 36))")) }
        #expect(names.count == 10_000)
        #expect(id("evt_1") != id("evt_1", at: 6))
    }

    @Test func aKeyIsTheNameAsLongAsItCounts() {
        let key = DedupeKey(hash: [1, 2], until: 20)
        #expect(id("evt_1", key: key) == key.id)
        #expect(id("evt_1", key: key, now: 20) == id("evt_1"))
    }

    @Test func aNumberInTheBufferIsToldFromTheStreams() {
        let number = EventNumber(rawValue: 7)
        #expect(number.shown.inSpool == number)
        #expect(number.inSpool == nil)
        #expect(number.shown.rawValue < 1 << 53, "JSON's numbers go so far")
    }
}
