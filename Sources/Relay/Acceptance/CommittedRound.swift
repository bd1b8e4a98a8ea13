import CPlatform
import Delivery
import HTTPServer
import Spool

/// An event that waits for its commit, with what follows from its routes.
struct Waiting: Sendable {
    /// Whom to answer; `nil` for what comes out of the quarantine.
    var exchange: Exchange?
    var decision: RoutingDecision
    /// The body, where it is not the connection's own: held until it is durable.
    var body: DecodedBody?
    /// What comes out of the quarantine, and holds the body.
    var release: Release?
    /// What its span needs, where spans are wanted.
    var trace: AcceptedTrace?
}

/// Answers a round's events once their fate is known: at once if the commit ran on the loop's own thread, else by way of it.
///
/// Unchecked: the loop, the acceptor and what changes are only touched on the loop's thread.
final class CommittedRound: @unchecked Sendable {
    private let acceptor: Acceptor
    private let loop: EventLoop
    private let tally: AcceptanceCounters.LoopTally
    private let spans: SpanExporter
    private let beganAt: Int64
    private var hasEnded = false

    init(of acceptor: Acceptor, tally: AcceptanceCounters.LoopTally, spans: SpanExporter, beganAt: Int64) {
        self.acceptor = acceptor
        loop = acceptor.loop
        self.tally = tally
        self.spans = spans
        self.beganAt = beganAt
    }

    func answer(_ waiting: [Waiting], _ outcome: CommitOutcome) {
        guard loop.isCurrent else { return loop.perform { self.answer(waiting, outcome) } }
        if !hasEnded { acceptor.ended(waiting.count) }
        // One that was given up is told of once more.
        hasEnded = true
        switch outcome {
        case .committed(let fates):
            for index in waiting.indices {
                let decision = waiting[index].decision
                let (exchange, release) = (waiting[index].exchange, waiting[index].release)
                switch fates[index] {
                case .accepted(let number):
                    answer(
                        exchange, release, fixed: decision.fixedAnswer,
                        Answers.accepted(number.rawValue, decision: decision.answer))
                case .duplicate(let number):
                    answer(exchange, release, fixed: decision.fixedAnswer, Answers.duplicate(of: number.rawValue))
                case .refused(let refusal):
                    answer(exchange, release, fixed: nil, CommittedRound.response(refusal))
                }
            }
            count(waiting, fates)
            if spans.isOn { record(waiting, fates) }
        case .partly(let known):
            answer(known.map { waiting[$0.place] }, .committed(known.map(\.fate)))
        case .refused(let refusal):
            let response = CommittedRound.response(refusal)
            for entry in waiting { answer(entry.exchange, entry.release, fixed: nil, response) }
        case .givenUp(let refusal):
            // The operator who released an event waits for what it has come to.
            let response = CommittedRound.response(refusal)
            for case let exchange? in waiting.lazy.map(\.exchange) { loop.answerEarly(exchange, with: response) }
        }
    }

    private static func response(_ refusal: CommitRefusal) -> Response {
        let hint =
            switch refusal.kind {
            case .notTaken: "the event was not taken; send it again later"
            case .unknown: "nobody knows whether the event was taken; send it again later, with the same id"
            case .tooLong(let limit):
                "the brokers take \(limit) bytes with all headers: send a shorter one, or raise their max_payload"
            }
        if case .tooLong = refusal.kind { return Answers.refusal(413, refusal.reason, hint: hint) }
        return Answers.refusal(
            503, refusal.reason, hint: hint, headers: [.init("retry-after", String(refusal.retryAfterSeconds))])
    }

    /// Tells the sender, or the operator who released it: the latter always what it has come to.
    private func answer(
        _ exchange: Exchange?, _ release: Release?, fixed: Response?, _ response: @autoclosure () -> Response
    ) {
        if let exchange { return loop.answer(exchange, with: fixed ?? response()) }
        release?.reply(response())
    }

    /// Tells of each event that was taken.
    private func record(_ waiting: [Waiting], _ fates: [Fate]) {
        let (now, took) = (hs_wall_ms() * 1_000_000, hs_monotonic_ns() - beganAt)
        spans.record(
            zip(waiting, fates).compactMap { entry, fate in
                guard case .accepted(let number) = fate, let trace = entry.trace else { return nil }
                return Span.acceptance(
                    of: number.rawValue, from: entry.decision.sourceName, taken: entry.decision.routeNames,
                    webhookID: trace.webhookID, traceparent: trace.parent, endedAt: now, nanoseconds: took)
            })
    }

    /// Counts the round under one lock, events with the same decision together.
    private func count(_ waiting: [Waiting], _ fates: [Fate]) {
        let took = (hs_monotonic_ns() - beganAt) / 1000
        tally.record { tally in
            tally.count(answers: fates.count { $0.isTaken }, microseconds: took)
            var run = 0
            for (index, fate) in fates.enumerated() {
                switch fate {
                case .accepted: run += 1
                case .duplicate: tally.countDuplicate()
                case .refused: break
                }
                let isLast = index + 1 == fates.count || waiting[index + 1].decision !== waiting[index].decision
                if isLast && run > 0 { tally.count(waiting[index].decision, times: run) }
                if isLast { run = 0 }
            }
        }
    }
}

extension Fate {
    /// Whether the event is in the log, by this request or an earlier one.
    fileprivate var isTaken: Bool { if case .refused = self { false } else { true } }
}
