import Testing

@testable import Spool

struct EventPayloadTests {
    private func head(owed: [UInt16], dedupe: DedupeKey?, attributes: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var batch = CommitBatch()
        batch.append(
            receivedAt: 1234, owed: owed.map(QueueID.init(rawValue:)), attributes: attributes,
            body: UnsafeRawBufferPointer(start: nil, count: 0), dedupe: dedupe)
        EventPayload.encodeHead(batch.events[0], of: batch, into: &bytes)
        return bytes
    }

    @Test func anEventIsReadAsItWasWritten() throws {
        let key = DedupeKey(hash: SIMD2(1, 2), until: 3)
        let bytes = head(owed: [1, 500], dedupe: key, attributes: [9, 8, 7]) + Array("body".utf8)
        try bytes.withUnsafeBytes { raw in
            let payload = try #require(EventPayload(raw))
            #expect(payload.receivedAt == 1234)
            #expect(payload.owed.map(\.rawValue) == [1, 500])
            #expect(payload.dedupe == key)
            #expect(Array(payload.attributes) == [9, 8, 7])
            #expect(Array(payload.body) == Array("body".utf8))
        }
    }

    @Test func anEventOwedToNobodyWithoutKeyAndBodyIsWhole() throws {
        try head(owed: [], dedupe: nil, attributes: []).withUnsafeBytes { raw in
            let payload = try #require(EventPayload(raw))
            #expect(payload.owed.isEmpty && payload.dedupe == nil && payload.attributes.isEmpty && payload.body.isEmpty)
        }
    }

    @Test func aHeadCutShortAnywhereIsNone() {
        let bytes = head(owed: [1, 2], dedupe: DedupeKey(hash: SIMD2(1, 2), until: 3), attributes: [1, 2, 3])
        for count in 0..<bytes.count {
            let isNone = bytes[..<count].withUnsafeBytes { EventPayload($0) == nil }
            #expect(isNone, "\(count) of \(bytes.count) bytes")
        }
    }
}
