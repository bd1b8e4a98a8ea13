import NATS
import Spool

/// What `status` shows is asked for from time to time, and kept on the board. On the client's thread.
extension JetStreamLog {
    private static let surveyMilliseconds: Int64 = 1_000
    /// How often the partitions of orders, the targets of other relays and the failures are counted, in surveys.
    private static let seldom: Int64 = 3

    func survey(now: Int64) {
        surveyAt = now + JetStreamLog.surveyMilliseconds
        question(JetStreamAPI.stream(subjects.eventStream), "") { [self] answer in
            board.note(
                bytes: Int(clamping: answer.number("state", "bytes")),
                events: Int(clamping: answer.number("state", "messages")))
        }
        let isSeldom = now / JetStreamLog.surveyMilliseconds % JetStreamLog.seldom == 0
        for (queue, known) in board.queues {
            for partition in known.parts.keys where partition == nil || isSeldom { survey(Share(queue, partition)) }
        }
        readWords()
        guard isSeldom else { return }
        countFailures()
        client.message(.next(of: subjects.targets, after: board.lastTarget), of: subjects.targetStream) {
            [self] result in
            guard case .success(let found?) = result, let queue = UInt16(exactly: found.sequence) else { return }
            board.note(QueueID(rawValue: queue), named: String(decoding: found.message.payload, as: UTF8.self))
        }
    }

    private func survey(_ share: Share) {
        @Sendable func note(_ change: (inout StatusBoard.Part) -> Void) {
            board.change(share.queue) { change(&$0.parts[share.partition, default: StatusBoard.Part()]) }
        }
        question(JetStreamAPI.consumer(share.consumer, of: subjects.eventStream), "") { [self] answer in
            let waiting = answer.number("num_pending") + answer.number("num_ack_pending")
            let reach = Reach(answer)
            note {
                $0.waiting = Int(clamping: waiting)
                $0.reach = reach
                if waiting == 0 { $0.oldestReceivedAt = nil }
            }
            guard waiting > 0 else { return }
            client.message(
                .next(of: subjects.filter(share), after: reach.acknowledged), of: subjects.eventStream
            ) { [subjects] result in
                guard case .success(let found?) = result else { return }
                let message = found.message
                // What is owed again waits since that was said.
                let isEvent = message.subject.hasPrefix(subjects.eventPrefix)
                let event =
                    isEvent ? StoredEvent(EventNumber(rawValue: found.sequence), payload: message.payload) : nil
                guard let since = isEvent ? event?.receivedAt : message.storedAt else { return }
                note { $0.oldestReceivedAt = since }
            }
        }
    }

    private func countFailures() {
        question(JetStreamAPI.stream(subjects.standingStream), "") { [self] answer in
            guard board.isNews(standings: answer.number("state", "last_seq")) else { return }
            let filter = "{\"subjects_filter\":\"\(subjects.failures)\"}"
            question(JetStreamAPI.stream(subjects.standingStream), filter) { [self] answer in
                var counts: [QueueID: Int] = [:]
                for member in answer.root[key: "state"]?[key: "subjects"]?.members ?? [] {
                    if let delivery = Subjects.delivery(member.key) { counts[delivery.queue, default: 0] += 1 }
                }
                for queue in board.queues.keys { board.change(queue) { $0.failed = counts[queue] ?? 0 } }
            }
        }
    }

    /// Asks JetStream; an answer that is none is passed over, since the question comes again.
    private func question(_ subject: String, _ payload: String, _ done: @escaping @Sendable (APIAnswer) -> Void) {
        client.request(subject, Array(payload.utf8)) { result in
            guard case .success(let message) = result else { return }
            do throws(NATSFault) { done(APIAnswer(root: try JetStreamAPI.answer(message))) } catch { return }
        }
    }
}
