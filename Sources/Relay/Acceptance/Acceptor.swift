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
    private let log: any EventLog
    unowned let loop: EventLoop
    private let tally: AcceptanceCounters.LoopTally
    private var webhookIDs = WebhookIDs()
    let boards: CurrentBoard
    var board: Switchboard
    var edition: Int
    private var scanner: EventScanner
    private var scratch: MatchScratch
    var verifiers: [Verifier?]
    private var batch = CommitBatch()
    private var pace: BatchPace
    private var waiting: [Waiting] = []
    /// Decisions by the routes that matched: there are few combinations, and they recur. The last one is at hand.
    private var decisions: [DecisionKey: RoutingDecision] = [:]
    private var lastDecision: RoutingDecision?
    private let decodedMemory = DecodedMemory()
    /// Where refusals are told, if somebody wants to know of each.
    let diary: Log
    let quarantine: Quarantine
    private let spans: SpanExporter
    var quarantined: [(request: QuarantinedRequest, exchange: Exchange, response: Response)] = []

    private struct DecisionKey: Hashable {
        var source: Int
        var matched: [Int]
    }

    /// Combinations of routes kept.
    private static let decisionLimit = 1024

    init(
        boards: CurrentBoard, log: any EventLog, loop: EventLoop, counters: AcceptanceCounters, quarantine: Quarantine,
        spans: SpanExporter, diary: Log
    ) {
        self.diary = diary
        self.boards = boards
        (board, edition) = boards.current()
        self.log = log
        pace = BatchPace(isOneAtATime: log.takesOneBatchAtATime)
        self.loop = loop
        self.quarantine = quarantine
        self.spans = spans
        tally = counters.makeTally(for: loop)
        scanner = EventScanner(board.paths)
        scratch = board.matcher.makeScratch()
        verifiers = board.sources.map { $0.settings.verify.map(Verifier.init) }
        takeUpNames()
    }

    func takeUpBoard() {
        (board, edition) = boards.current()
        scanner = EventScanner(board.paths)
        scratch = board.matcher.makeScratch()
        verifiers = board.sources.map { $0.settings.verify.map(Verifier.init) }
        decisions = [:]
        lastDecision = nil
        takeUpNames()
    }

    private func takeUpNames() {
        tally.record {
            $0.takeUp(
                sources: board.sources.map(\.settings.name), routes: board.router.routes.map(\.name), edition: edition)
        }
    }

    func handle(_ request: Request, on exchange: Exchange) {
        guard let index = board.source(for: request.head) else {
            // The configuration has changed since the head was judged.
            return answer(exchange, Answers.refusal(404, "there is no source at this path any more", hint: "try again"))
        }
        do throws(RequestFault) {
            try take(request, from: index, on: exchange)
        } catch {
            let response = error.response
            note(response, to: request.head)
            if case .unauthorized(let rejection) = error, board.sources[index].settings.onInvalid == .quarantine {
                return setApart(request, from: index, on: exchange, rejection)
            }
            answer(exchange, response)
        }
    }

    private func answer(_ exchange: Exchange, _ response: Response) { loop.answer(exchange, with: response) }

    func take(
        _ request: Request, from index: Int, on exchange: Exchange?, releasedBy release: Release? = nil
    ) throws(RequestFault) {
        var decoded: DecodedBody?
        do throws(BodyCoding.Fault) {
            if let coding = try BodyCoding.of(request.head) {
                decoded = try DecodedBody(
                    request.body, coding, limitBytes: board.bodyLimitBytes, memory: decodedMemory)
            }
        } catch {
            throw .coding(error)
        }
        let incoming = Incoming(
            head: request.head, client: try client(of: request.head), body: decoded?.bytes ?? request.body,
            sent: request.body, decoded: decoded, release: release)
        guard board.sources[index].settings.body == .form else {
            return try take(incoming, reading: incoming.body, from: index, on: exchange, &scanner, &scratch)
        }
        guard let type = request.head.value(of: "content-type"), FormBody.isForm(request.head.text(type)) else {
            throw .notAForm
        }
        guard let text = FormBody.json(incoming.body) else { throw .tooManyFields }
        // The form's fields are looked at as JSON; what is kept and passed on is the form.
        let taken: Result<Void, RequestFault> = text.withUnsafeBytes { text in
            do throws(RequestFault) {
                return .success(try take(incoming, reading: text, from: index, on: exchange, &scanner, &scratch))
            } catch {
                return .failure(error)
            }
        }
        try taken.get()
    }

    /// A request with what was found out of it.
    private struct Incoming {
        var head: RequestHead
        var client: PeerAddress
        /// The body, decoded.
        var body: UnsafeRawBufferPointer
        /// The body as it was sent.
        var sent: UnsafeRawBufferPointer
        /// What keeps the decoded body in its place.
        var decoded: DecodedBody?
        /// Who lets it out of the quarantine, if it comes from there.
        var release: Release?
    }

    /// Checks who sent a request. A signature may be one over the bytes as sent or over what they decode to: senders differ.
    private func verify(_ request: Incoming, _ verifier: Verifier, now: Int64, isCompact: Bool) throws(RequestFault)
        -> ReplayKey?
    {
        if request.release?.isForced == true { return nil }
        let now = request.release?.receivedAt ?? now
        do throws(Verifier.Rejection) {
            return try verifier.check(request.head, body: request.body, now: now, isCompact: isCompact)
        } catch {
            guard request.decoded != nil else { throw .unauthorized(error) }
        }
        do throws(Verifier.Rejection) { return try verifier.check(request.head, body: request.sent, now: now) } catch {
            throw .unauthorized(error)
        }
    }

    /// The answer to a signed request that is no event but the sender's handshake.
    private func answer(_ handshake: Switchboard.Source.Handshake, in request: Incoming, from index: Int) -> Response? {
        switch handshake {
        case .slack: return Challenge.slackAnswer(to: request.body)
        case .zoom:
            guard let verifier = verifiers[index], let verify = board.sources[index].settings.verify else { return nil }
            return Challenge.zoomAnswer(to: request.body, secret: verify.secrets[verifier.matched])
        }
    }

    /// Takes a request whose body, or what was made of it, is `text`: JSON, unless the source takes anything.
    ///
    /// The loop's working memory is handed down, so that nothing on the way copies it.
    private func take(
        _ request: Incoming, reading text: UnsafeRawBufferPointer, from index: Int, on exchange: Exchange?,
        _ scanner: inout EventScanner, _ scratch: inout MatchScratch
    ) throws(RequestFault) {
        let board = self.board
        let source = board.sources[index]
        let now = hs_wall_ms()
        let isJSON = source.settings.body != .any
        var fault: JSONSyntaxError?
        if isJSON {
            do throws(JSONSyntaxError) { try scanner.scan(text) } catch { fault = error }
        }
        // A signature that does not fit outweighs whatever else is wrong: strangers learn nothing more.
        var replay: ReplayKey?
        if let verifier = verifiers[index] {
            let isCompact = source.settings.body == .json && fault == nil && !scanner.hasSpace
            replay = try verify(request, verifier, now: now, isCompact: isCompact)
        }
        if let handshake = source.handshake, let response = answer(handshake, in: request, from: index) {
            if let exchange { loop.answer(exchange, with: response) } else { request.release?.reply(response) }
            return
        }
        if request.release == nil, let rate = source.rate, let seconds = rate.take(now: loop.roundBeganAt / 1_000_000) {
            throw .tooMany(retryAfterSeconds: seconds)
        }
        if let fault { throw .malformed(fault) }
        if isJSON && source.settings.envelope != nil { try checkEnvelope(scanner) }
        let asked = IncomingRequest(source: source.settings.name, head: request.head, client: request.client)
        do throws(PatternMatcher.TooManyWays) {
            if isJSON {
                try board.matcher.match(scanner, in: text, of: asked, &scratch)
            } else {
                try board.matcher.match(asked, &scratch)
            }
        } catch {
            throw .tooManyWays
        }
        let decision = decision(on: index, scratch.matched)
        // The sender's own name of an event counts before the signature's: it also knows a repetition that was signed anew.
        let named = isJSON ? dedupeKey(source, scanner, in: text, now: now) : nil
        var trace = spans.isOn ? AcceptedTrace(request.head) : nil
        let dedupe = named ?? replay.map { DedupeKey($0, of: source.settings.name) }
        let columns = isJSON ? board.columns.find(scanner) : nil
        batch.append(receivedAt: now, owed: decision.owed, body: request.body, dedupe: dedupe) { attributes in
            attributes += decision.attributes
            webhookIDs.next {
                EventAttributes.append(.webhookID, $0, to: &attributes)
                trace?.webhookID = String(decoding: $0, as: UTF8.self)
            }
            PassedHeaders.append(request.head, and: source.passedHeaders, to: &attributes)
            columns?.append(from: text, to: &attributes)
        }
        waiting.append(
            Waiting(
                exchange: exchange, decision: decision, body: request.decoded, release: request.release, trace: trace))
        pace.gather()
        commitIfDue()
    }

    /// The decision on the routes that have just matched: the last one, one made before, or a new one.
    private func decision(on source: Int, _ matched: [Int]) -> RoutingDecision {
        if let last = lastDecision, last.source == source, last.matched == matched { return last }
        let key = DecisionKey(source: source, matched: matched)
        let decision = decisions[key] ?? RoutingDecision(source, matched, on: board, edition: edition)
        if decisions.count >= Acceptor.decisionLimit { decisions = [:] }
        decisions[key] = decision
        lastDecision = decision
        return decision
    }

    private func checkEnvelope(_ scanner: borrowing EventScanner) throws(RequestFault) {
        guard scanner.rootKind == .object else { throw .notAnObject(scanner.rootKind) }
        if let fault = board.envelope.check(scanner) { throw .envelope(fault) }
    }

    private func dedupeKey(
        _ source: Switchboard.Source, _ scanner: borrowing EventScanner, in body: UnsafeRawBufferPointer, now: Int64
    ) -> DedupeKey? {
        guard let settings = source.settings.dedupe, let path = source.dedupe, let found = scanner.first(path),
            found.kind == .string || found.kind == .number
        else { return nil }
        let value = UnsafeRawBufferPointer(rebasing: body[found.range])
        // 1 and "1" are two values: no source's name has a space in it.
        let name = found.kind == .string ? source.settings.name : source.settings.name + " number"
        let hash = KeyHash.of(name, value)
        return DedupeKey(hash: hash, until: now + Int64(settings.duration / .milliseconds(1)))
    }

    func roundEnded(isCalm: Bool) {
        if !quarantined.isEmpty { handOverQuarantined() }
        pace.look(isCalm: isCalm)
        commitIfDue()
    }

    /// Hands what was gathered to the log, unless more is to come first.
    private func commitIfDue() {
        guard pace.isDue else { return }
        let waiting = self.waiting
        self.waiting.removeAll(keepingCapacity: true)
        pace.handOver()
        let delivered = CommittedRound(of: self, tally: tally, spans: spans, beganAt: loop.roundBeganAt)
        log.commit(batch.take()) { outcome in delivered.answer(waiting, outcome) }
    }

    /// A batch of so many events is not with the log any more.
    func ended(_ count: Int) { pace.ended(count) }
}
