import Testing

@testable import Spool

struct QueueTableTests {
    private let queues = [QueueID(rawValue: 1): "crm", QueueID(rawValue: 300): "läger", QueueID(rawValue: 2): ""]

    @Test func aTableIsReadAsItWasWritten() {
        #expect(QueueTable.encode(queues).withUnsafeBytes(QueueTable.decode) == queues)
    }

    @Test func aTableCutShortKeepsWhatIsWhole() {
        let bytes = Array(QueueTable.encode(queues).dropLast(1))
        #expect(bytes.withUnsafeBytes(QueueTable.decode).count == 2)
        #expect([UInt8]().withUnsafeBytes(QueueTable.decode).isEmpty)
    }
}
