import NATS
import Spool
import Synchronization
import Testing

@testable import Cluster

@Suite struct PublisherTests {
    private final class Answers: Sendable {
        let all = Mutex<[PublishAnswer?]>([])
        /// How many were told of at once, each time.
        let counts = Mutex<[Int]>([])
    }

    private let answers = Answers()

    private func round(_ frames: [String], first: UInt64 = 1, deadline: Int64 = 10_000) -> Publisher.Round {
        var bytes: [UInt8] = []
        var ends: [Int] = []
        for frame in frames {
            bytes += frame.utf8
            ends.append(bytes.count)
        }
        return Publisher.Round(bytes, ends: ends, first: first, deadline: deadline) { [answers] round, places in
            answers.all.withLock { $0 = round.answers }
            answers.counts.withLock { $0.append(places.count) }
        }
    }

    @Test func answersThatComeAtOnceAreHandedBackTogether() {
        let publisher = Publisher()
        publisher.publish(round(["a", "b"]), now: 0) { _ in true }
        publisher.answered(2, .stored(12), now: 1)
        #expect(publisher.waiting == 1)
        publisher.answered(1, .stored(11), now: 1)
        publisher.tell()
        #expect(answers.counts.withLock { $0 } == [2])
        #expect(answers.all.withLock { $0 } == [.stored(11), .stored(12)])
        #expect(publisher.waiting == 0)
    }

    @Test func whatMayNotBePublishedIsRefusedAtOnceAndNothingElse() {
        let publisher = Publisher()
        let fault = NATSFault(.ours, "not allowed")
        let frames = ["HPUB a.b r 1 1\r\n", "HPUB a.bc r 1 1\r\n", "PUB a.b r 1\r\n"]
        publisher.publish(round(frames), now: 0) { _ in true }
        publisher.denied("a.b", fault)
        publisher.tell()
        #expect(answers.all.withLock { $0 } == [.refused(fault), nil, .refused(fault)])
        #expect(publisher.waiting == 1)
        #expect(PublishAnswer.refused(fault).isUnreached)
    }

    @Test func aSlowAnswerHoldsUpNoOther() {
        let publisher = Publisher()
        publisher.publish(round(["slow", "b", "c"]), now: 0) { _ in true }
        publisher.answered(2, .stored(12), now: 1)
        publisher.answered(3, .stored(13), now: 1)
        publisher.tell()
        #expect(answers.all.withLock { $0 } == [nil, .stored(12), .stored(13)])
        publisher.answered(1, .stored(14), now: 5_000)
        publisher.tell()
        #expect(answers.counts.withLock { $0 } == [2, 1])
        publisher.tell()
        #expect(answers.counts.withLock { $0 } == [2, 1])
    }

    @Test func onlyWhatHasNoAnswerIsSentAgain() {
        let publisher = Publisher()
        publisher.publish(round(["a", "b", "c"]), now: 0) { _ in true }
        publisher.answered(2, .stored(12), now: 1)
        var sent: [UInt8] = []
        publisher.reconnected(now: 5) {
            sent += $0
            return true
        }
        #expect(sent == Array("ac".utf8))
        // The stream had it already: that is no repetition of the sender's.
        publisher.answered(1, .repeated(11), now: 6)
        publisher.answered(3, .stored(13), now: 6)
        publisher.tell()
        #expect(answers.all.withLock { $0 } == [.stored(11), .stored(12), .stored(13)])
    }

    @Test func whatHasNoLeaderIsSentAgainSoon() {
        let publisher = Publisher()
        publisher.publish(round(["a"]), now: 0) { _ in true }
        publisher.answered(1, .refused(NATSFault(.later, "no leader")), now: 100)
        var tries = 0
        for now in stride(from: Int64(100), to: 500, by: 100) {
            publisher.tick(now: now) { _ in
                tries += 1
                return true
            }
        }
        #expect(tries == 1)
        #expect(answers.all.withLock { $0.isEmpty })
    }

    @Test func aFullStreamRefusesAtOnceAndADeadlineInTheEnd() {
        let publisher = Publisher()
        publisher.publish(round(["a", "b"], deadline: 1_000), now: 0) { _ in true }
        let full = NATSFault(.later, "maximum bytes exceeded", code: 10077)
        publisher.answered(1, .refused(full), now: 1)
        publisher.tick(now: 1_000) { _ in true }
        let all = answers.all.withLock { $0 }
        #expect(all.first == .refused(full))
        #expect(all.count == 2 && all[1].map { $0.number == nil } == true)
        // Of the first it is known that it was not stored.
        let kinds = all.map { answer -> CommitRefusal.Kind? in
            guard case .refused(let refusal)? = answer?.fate else { return nil }
            return refusal.kind
        }
        #expect(kinds == [.notTaken, .unknown])
        #expect(publisher.waiting == 0)
    }
}
