import Platform
import Testing

@testable import HTTPServer

/// A server on a socket of its own, with a `HandlerUnderTest`. It ends with the test.
final class ServerUnderTest: Sendable {
    let loop: EventLoop
    let group: LoopGroup
    let address: ListenAddress
    private let handler = HandlerUnderTest()
    private let thread: LoopThread

    init(
        at wanted: ListenAddress = .v4(0x7F00_0001, port: 0),
        receiving: ListenerSettings? = nil,
        limiting: (inout ServerLimits) -> Void = { _ in },
        notice: @escaping @Sendable (EventLoop.Notice) -> Void = { _ in }
    ) throws {
        var limits = ServerLimits()
        limiting(&limits)
        let settings = receiving ?? ListenerSettings(wanted)
        group = try LoopGroup(1, listening: [settings], limits: limits, notice: notice)
        loop = group.loops[0]
        address = try #require(loop.addresses.first)
        let thread = loop.start(name: "test") { [handler] loop in
            handler.loop = loop
            return handler
        }
        self.thread = try #require(thread)
    }

    deinit {
        loop.stop(within: .zero)
        thread.join()
    }

    /// Waits for the loop's end.
    func waitForEnd() { thread.join() }

    /// Looks at the handler on the loop's thread, between two rounds.
    func look<Seen: Sendable>(_ body: @escaping @Sendable (HandlerUnderTest) -> Seen) throws -> Seen {
        let seen = Glimpsed<Seen>()
        loop.perform { [handler] in seen.put(body(handler)) }
        return try seen.take()
    }

    /// Looks again and again until something holds.
    func wait(until holds: @escaping @Sendable (HandlerUnderTest) -> Bool) throws {
        let end = ContinuousClock.now + .seconds(30)
        while try !look(holds) { try #require(ContinuousClock.now < end, "what was waited for did not come") }
    }

    /// Has work for each of the loop's rounds.
    func keepBusy(until isOver: @escaping @Sendable (HandlerUnderTest) -> Bool) {
        loop.perform { [handler, self] in if !isOver(handler) { keepBusy(until: isOver) } }
    }

    /// Waits until so many requests are with the handler.
    func waitForHeld(_ count: Int) throws { try wait { $0.held.count >= count } }
}

/// Answers by the path: `/later` when it is told to, `/large` with as many bytes as the query says, `/missing` with 404
/// before the body, and anything else with an echo. GET is not taken at `/hook`.
// Unchecked: but for its making it is used on the loop's thread alone.
final class HandlerUnderTest: RequestHandler, @unchecked Sendable {
    /// What a body may have, in bytes.
    static let bodyLimitBytes = 100_000

    unowned var loop: EventLoop!
    /// Requests that wait for their answers.
    var held: [(request: Request, exchange: Exchange)] = []
    var rounds = 0
    var handled = 0
    /// How many requests came between two calm rounds, where any did.
    var sizes: [Int] = []
    var calmRounds = 0
    private var handledBefore = 0
    /// Told how many requests were handled, with each.
    var whenHandled: ((Int) -> Void)?

    func judge(_ head: RequestHead) -> HeadVerdict {
        let path = head.text(head.path)
        if path == "/missing" { return .refuse(Response(status: 404, body: Array("nothing here".utf8))) }
        if path == "/hook" && head.method != .post {
            return .refuse(Response(status: 405, headers: [.init("allow", "POST")], body: []))
        }
        return .readBody(limitBytes: HandlerUnderTest.bodyLimitBytes)
    }

    func handle(_ request: Request, on exchange: Exchange) {
        handled += 1
        switch request.head.text(request.head.path) {
        case "/later": held.append((request, exchange))
        case "/large":
            let count = Int(request.head.text(request.head.query)) ?? 0
            loop.answer(exchange, with: Response(status: 200, body: [UInt8](repeating: 0x78, count: count)))
        default: loop.answer(exchange, with: HandlerUnderTest.echo(request))
        }
        whenHandled?(handled)
    }

    func roundEnded(isCalm: Bool) {
        rounds += 1
        guard isCalm else { return }
        calmRounds += 1
        if handled > handledBefore { sizes.append(handled - handledBefore) }
        handledBefore = handled
    }

    /// Answers what waits.
    func answerHeld() {
        let waiting = held
        held = []
        for entry in waiting { loop.answer(entry.exchange, with: HandlerUnderTest.echo(entry.request)) }
    }

    /// Method, target and body.
    static func echo(_ request: Request) -> Response {
        let head = request.head
        let text = "\(head.method.name) \(head.text(head.path)) "
        return Response(status: 200, contentType: "text/plain", body: Array(text.utf8) + request.body)
    }
}
