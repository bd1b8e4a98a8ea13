import CPlatform
import Delivery
import EventJSON
import EventPattern
import HTTPServer
import Spool

/// The way in: judges, verifies, scans and routes each request, gathers a round's events, and answers them once they are durable.
///
/// One for each event loop, made and used on its thread alone. A new board is taken up before a request's head is judged.
final class Acceptor: RequestHandler {
    /// Events that wait for their commit, with what their answers say behind the number.
    private struct Waiting: Sendable {
        var exchange: Exchange
        var decision: [UInt8]
    }

    private let log: any EventLog
    private unowned let loop: EventLoop
    private let counters: AcceptanceCounters
    private var webhookIDs = WebhookIDs()
    private let boards: CurrentBoard
    private var board: Switchboard
    private var edition: Int
    private var scanner: EventScanner
    private var scratch: MatchScratch
    private var verifiers: [Verifier?]
    private var batch = CommitBatch()
    private var waiting: [Waiting] = []
    private var attributes: [UInt8] = []
    /// Decisions by the routes that matched: there are few combinations, and they recur. The last one is at hand.
    private var decisions: [DecisionKey: RoutingDecision] = [:]
    private var lastDecision: RoutingDecision?

    private struct DecisionKey: Hashable {
        var source: Int
        var matched: [Int]
    }

    /// Combinations of routes kept.
    private static let decisionLimit = 1024

    init(boards: CurrentBoard, log: any EventLog, loop: EventLoop, counters: AcceptanceCounters) {
        self.boards = boards
        (board, edition) = boards.current()
        self.log = log
        self.loop = loop
        self.counters = counters
        scanner = EventScanner(board.paths)
        scratch = board.matcher.makeScratch()
        verifiers = board.sources.map { $0.settings.verify.map(Verifier.init) }
    }

    private func takeUpBoard() {
        (board, edition) = boards.current()
        scanner = EventScanner(board.paths)
        scratch = board.matcher.makeScratch()
        verifiers = board.sources.map { $0.settings.verify.map(Verifier.init) }
        decisions = [:]
        lastDecision = nil
    }

    func judge(_ head: RequestHead) -> HeadVerdict {
        if boards.edition != edition { takeUpBoard() }
        guard let index = board.source(for: head) else {
            return refuse(
                404, "there is no source at this path",
                hint: "sources and their paths stand in routes.json under `sources`")
        }
        let source = board.sources[index].settings
        guard head.method == .post else {
            return refuse(
                405, "\(head.method.name) is not taken here", hint: "webhooks are sent with POST",
                headers: [.init("allow", "POST")])
        }
        if !source.allowFrom.isEmpty && !source.allowFrom.contains(where: { $0.contains(head.peer) }) {
            return refuse(
                403, "your address \(head.peer) may not send here",
                hint: "the source's `allow_from` lists the addresses that may")
        }
        if let encoding = head.value(of: "content-encoding"), !head.isNamed(encoding, "identity") {
            return refuse(415, "this content coding is not taken here", hint: "send the body without Content-Encoding")
        }
        return .readBody(limitBytes: board.bodyLimitBytes)
    }

    private func refuse(_ status: Int, _ error: String, hint: String, headers: [Response.Header] = []) -> HeadVerdict {
        counters.countRefused()
        return .refuse(Answers.refusal(status, error, hint: hint, headers: headers))
    }

    func handle(_ request: Request, on exchange: Exchange) {
        guard let index = board.source(for: request.head) else {
            // The configuration has changed since the head was judged.
            return answer(exchange, Answers.refusal(404, "there is no source at this path any more", hint: "try again"))
        }
        do throws(RequestFault) {
            try take(request, from: index, on: exchange)
        } catch {
            counters.countRefused()
            answer(exchange, error.response)
        }
    }

    private func answer(_ exchange: Exchange, _ response: Response) { loop.answer(exchange, with: response) }

    private func take(_ request: Request, from index: Int, on exchange: Exchange) throws(RequestFault) {
        let source = board.sources[index]
        let now = hs_wall_ms()
        let isJSON = source.settings.body == .json
        var fault: JSONSyntaxError?
        if isJSON {
            do throws(JSONSyntaxError) { try scanner.scan(request.body) } catch { fault = error }
        }
        // A signature that does not fit outweighs whatever else is wrong: strangers learn nothing more.
        if let verifier = verifiers[index] {
            let isCompact = isJSON && fault == nil && !scanner.hasSpace
            do throws(Verifier.Rejection) { try verifier.check(request, now: now, isCompact: isCompact) } catch {
                throw .unauthorized(error)
            }
        }
        if let fault { throw .malformed(fault) }
        if isJSON && source.settings.envelope != nil { try checkEnvelope() }
        let asked = IncomingRequest(source: source.settings.name, head: request.head)
        do throws(PatternMatcher.TooManyWays) {
            if isJSON {
                try board.matcher.match(scanner, in: request.body, of: asked, &scratch)
            } else {
                try board.matcher.match(asked, &scratch)
            }
        } catch {
            throw .tooManyWays
        }
        let decision = decision(on: index)
        attributes.removeAll(keepingCapacity: true)
        attributes += decision.attributes
        webhookIDs.next { EventAttributes.append(.webhookID, $0, to: &attributes) }
        PassedHeaders.append(request.head, to: &attributes)
        if isJSON { board.columns.append(scanner, in: request.body, to: &attributes) }
        batch.append(
            receivedAt: now, owed: decision.owed, attributes: attributes, body: request.body,
            dedupe: isJSON ? dedupeKey(source, index, in: request.body, now: now) : nil)
        waiting.append(Waiting(exchange: exchange, decision: decision.answer))
    }

    /// The decision on the routes that have just matched: the last one, one made before, or a new one.
    private func decision(on source: Int) -> RoutingDecision {
        if let last = lastDecision, last.source == source, last.matched == scratch.matched { return last }
        let key = DecisionKey(source: source, matched: scratch.matched)
        let decision = decisions[key] ?? RoutingDecision(source, scratch.matched, on: board)
        if decisions.count >= Acceptor.decisionLimit { decisions = [:] }
        decisions[key] = decision
        lastDecision = decision
        return decision
    }

    private func checkEnvelope() throws(RequestFault) {
        guard scanner.rootKind == .object else { throw .notAnObject(scanner.rootKind) }
        if let fault = board.envelope.check(scanner) { throw .envelope(fault) }
    }

    private func dedupeKey(_ source: Switchboard.Source, _ index: Int, in body: UnsafeRawBufferPointer, now: Int64)
        -> DedupeKey?
    {
        guard let settings = source.settings.dedupe, let path = source.dedupe, let found = scanner.first(path),
            found.kind == .string || found.kind == .number
        else { return nil }
        let hash = KeyHash.of(source.settings.name, UnsafeRawBufferPointer(rebasing: body[found.range]))
        return DedupeKey(hash: hash, until: now + Int64(settings.duration / .milliseconds(1)))
    }

    func roundEnded() {
        guard !batch.isEmpty else { return }
        let waiting = self.waiting
        self.waiting.removeAll(keepingCapacity: true)
        let delivered = CommittedRound(loop: loop, counters: counters)
        log.commit(batch) { outcome in
            delivered.answer(waiting.map { ($0.exchange, $0.decision) }, outcome)
        }
        batch.removeAll()
    }
}

// Unchecked: immutable; the loop is only touched on its own thread.
/// Answers a round's events once their fate is known: at once if the commit ran on the loop's own thread, else by way of it.
private final class CommittedRound: @unchecked Sendable {
    private let loop: EventLoop
    private let counters: AcceptanceCounters

    init(loop: EventLoop, counters: AcceptanceCounters) {
        self.loop = loop
        self.counters = counters
    }

    func answer(_ waiting: [(Exchange, [UInt8])], _ outcome: CommitOutcome) {
        guard loop.isCurrent else { return loop.perform { self.answer(waiting, outcome) } }
        switch outcome {
        case .committed(let fates):
            for (entry, fate) in zip(waiting, fates) {
                switch fate {
                case .accepted(let number):
                    counters.countAccepted()
                    loop.answer(entry.0, with: Answers.accepted(number.rawValue, decision: entry.1))
                case .duplicate(let number):
                    counters.countDuplicate()
                    loop.answer(entry.0, with: Answers.duplicate(of: number.rawValue))
                }
            }
        case .refused(let refusal):
            let response = Answers.refusal(
                503, refusal.reason, hint: "the event was not taken; send it again later",
                headers: [.init("retry-after", String(refusal.retryAfterSeconds))])
            for entry in waiting {
                counters.countRefused()
                loop.answer(entry.0, with: response)
            }
        }
    }
}
