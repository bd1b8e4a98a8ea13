import Spool
import Testing

@testable import Cluster

@Suite struct SubjectsTests {
    private let subjects = Subjects(name: "hs")

    private func queue(_ number: UInt16) -> QueueID { QueueID(rawValue: number) }

    private func matches(_ subject: String, _ filter: String) -> Bool {
        let words = (subject.split(separator: "."), filter.split(separator: "."))
        return words.0.count == words.1.count && zip(words.0, words.1).allSatisfy { $1 == "*" || $0 == $1 }
    }

    @Test func aConsumerWantsTheEventsThatItsQueueIsOwed() {
        for owed in [[1], [2], [1, 2], [3, 15, 16], [], [40]] as [[UInt16]] {
            let subject = subjects.event(owedTo: owed.map(queue))
            for number in 1...16 as ClosedRange<UInt16> {
                let isOwed = owed.contains { $0 % 16 == number % 16 }
                #expect(matches(subject, subjects.filter(queue(number))) == isOwed)
            }
        }
        #expect(matches(subjects.again(queue(7)), subjects.filter(queue(7))))
    }

    @Test func aFailuresSubjectNamesItsDelivery() {
        let delivery = DeliveryID(event: EventNumber(rawValue: 1042), queue: queue(3))
        #expect(Subjects.failure(subjects.failure(delivery)) == delivery)
        #expect(Subjects.failure("hs.s.3.1042") == nil)
        #expect(Subjects.queue(of: subjects.consumer(queue(3))) == queue(3))
    }

    @Test func aRecordIsReadAsItWasWritten() {
        var record = ClusterRecord(DeliveryID(event: EventNumber(rawValue: 1042), queue: queue(3)), .later)
        record.message = 2000
        record.progress = Progress(attempts: 3, attemptsBefore: 1, since: 1_700_000_000_000)
        record.notBefore = 1_700_000_060_000
        #expect(ClusterRecord(record.bytes) == record)
        #expect(record.bytes.count == ClusterRecord.byteCount)
        #expect(ClusterRecord(Array(record.bytes.dropLast())) == nil)
    }
}
