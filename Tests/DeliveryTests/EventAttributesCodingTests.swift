import Testing

@testable import Delivery

struct EventAttributesCodingTests {
    private static let full: EventAttributes = {
        var attributes = EventAttributes()
        attributes.source = "voucherify"
        attributes.routes = ["redemptions", "", "Grüße"]
        attributes.webhookID = "msg_1042"
        attributes.headers = [
            .init(name: "x-voucherify-signature", value: "ab12"), .init(name: "content-type", value: ""),
        ]
        attributes.columns.type = "redemption.succeeded"
        attributes.columns.id = "whs_1"
        attributes.columns.sourceObject = ""
        attributes.columns.channel = "API"
        attributes.columns.requestID = String(repeating: "r", count: 20_000)
        attributes.columns.eventCreatedAt = "2024-01-01T11:11:11.111Z"
        return attributes
    }()

    private func encoded(_ attributes: EventAttributes) -> [UInt8] {
        var bytes: [UInt8] = []
        attributes.encode(into: &bytes)
        return bytes
    }

    @Test func everythingComesBack() throws {
        let full = EventAttributesCodingTests.full
        #expect(try EventAttributes(decoding: encoded(full)) == full)
    }

    @Test func whatIsMissingStaysMissing() throws {
        #expect(try EventAttributes(decoding: encoded(EventAttributes())) == EventAttributes())
        #expect(try EventAttributes(decoding: []) == EventAttributes())
    }

    @Test(arguments: [0, 1, 126, 127, 128, 129, 16_383, 16_384, 70_000]) func everyLengthOfTextFits(length: Int) throws
    {
        var attributes = EventAttributes()
        attributes.columns.type = String(repeating: "t", count: length)
        #expect(try EventAttributes(decoding: encoded(attributes)) == attributes)
    }

    @Test func anUnknownTagIsPassedOver() throws {
        let full = EventAttributesCodingTests.full
        var bytes = encoded(full)
        bytes.insert(contentsOf: [200, 3, 1, 2, 3], at: 1)
        bytes += [201, 0]
        bytes += [202, 0x80, 0x01] + [UInt8](repeating: 9, count: 128)
        #expect(try EventAttributes(decoding: bytes) == full)
    }

    @Test func aLengthThatIsCutOffIsRefused() {
        for tail: [UInt8] in [[1], [1, 0x80], [1, 0x80, 0x80, 0x80, 0x80], [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]] {
            #expect(throws: EventAttributes.CodingError(reason: "a field's length is cut off")) {
                try EventAttributes(decoding: [1] + tail)
            }
        }
    }

    @Test func aFieldLongerThanItsRecordIsRefused() {
        #expect(throws: EventAttributes.CodingError(reason: "a field is longer than its record")) {
            try EventAttributes(decoding: [1, 1, 5, 65, 66, 67, 68])
        }
        #expect(throws: EventAttributes.CodingError.self) {
            try EventAttributes(decoding: [1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
        }
    }

    @Test func everyPrefixIsReadOrRefusedAndNeverTraps() {
        var small = EventAttributesCodingTests.full
        small.columns.requestID = nil
        let bytes = encoded(small)
        for count in bytes.indices { _ = try? EventAttributes(decoding: Array(bytes[..<count])) }
    }
}
