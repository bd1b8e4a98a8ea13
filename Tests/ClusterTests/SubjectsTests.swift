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
            let subject = subjects.event(owedTo: owed.map { Share(queue($0)) })
            for number in 1...16 as ClosedRange<UInt16> {
                let isOwed = owed.contains { $0 % 16 == number % 16 }
                #expect(matches(subject, subjects.filter(Share(queue(number)))) == isOwed)
            }
        }
        #expect(matches(subjects.again(Share(queue(7))), subjects.filter(Share(queue(7)))))
    }

    @Test func anEventOfAnOrderGoesToOnePartitionOfEachQueueAndToNoOther() {
        let two = Share(queue(2), Partition(slot: 0, number: 31))
        let three = Share(queue(3), Partition(slot: 7, number: 0))
        let subject = subjects.event(owedTo: [Share(queue(1)), two, three])
        for share in [Share(queue(1)), two, three] { #expect(matches(subject, subjects.filter(share))) }
        // Neither what keeps no order, nor another partition, nor another slot.
        for share in [
            Share(queue(2)), Share(queue(3)), Share(queue(2), Partition(slot: 0, number: 3)),
            Share(queue(2), Partition(slot: 1, number: 31)),
        ] {
            #expect(!matches(subject, subjects.filter(share)))
        }
        #expect(Subjects.share(of: queue(2), in: subject, slots: [0]) == two)
        #expect(Subjects.share(of: queue(2), in: subject, slots: [1]) == Share(queue(2)))
        #expect(Subjects.share(of: queue(1), in: subject, slots: []) == Share(queue(1)))
        #expect(matches(subjects.again(three), subjects.filter(three)))
    }

    @Test func aConsumersNameNamesItsShare() {
        for share in [Share(queue(7)), Share(queue(65535), Partition(slot: 7, number: 31))] {
            #expect(Share(consumer: share.consumer) == share)
        }
        for name in ["7", "q", "q7-1", "q7-8-1", "q7-0-32", "q7-0-1-2", "qx", "q7-"] {
            #expect(Share(consumer: name) == nil)
        }
    }

    @Test func aFailuresSubjectNamesItsDelivery() {
        let delivery = DeliveryID(event: EventNumber(rawValue: 1042), queue: queue(3))
        #expect(Subjects.delivery(subjects.failure(delivery)) == delivery)
        #expect(Subjects.delivery(subjects.standing(delivery)) == delivery)
        #expect(Subjects.delivery("hs.t.3.1042") == nil)
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
