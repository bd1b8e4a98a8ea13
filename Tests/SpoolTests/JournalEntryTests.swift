import Testing

@testable import Spool

struct JournalEntryTests {
    private let delivery = DeliveryID(event: EventNumber(rawValue: 1 << 40), queue: QueueID(rawValue: 65_000))

    private func decode(_ bytes: [UInt8]) -> [JournalEntry] {
        bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            var entries: [JournalEntry] = []
            while let entry = JournalEntry(&reader) { entries.append(entry) }
            return entries
        }
    }

    @Test func everyChangeIsReadAsItWasWritten() {
        let progress = Progress(attempts: 3, attemptsBefore: 2, since: -1)
        let entries = [JournalEntry.Change.done, .failed, .later, .reopened].map {
            JournalEntry(delivery, $0, progress, notBefore: 1_700_000_000_000)
        }
        var bytes: [UInt8] = []
        for entry in entries { entry.encode(into: &bytes) }
        #expect(bytes.count == 4 * JournalEntry.size)
        #expect(decode(bytes) == entries)
    }

    @Test func anUnknownChangeAndAShortEntryAreNone() {
        var bytes: [UInt8] = []
        JournalEntry(delivery, .done, Progress()).encode(into: &bytes)
        #expect(decode(Array(bytes.dropLast())).isEmpty)
        bytes[10] = 99
        #expect(decode(bytes).isEmpty)
    }
}
