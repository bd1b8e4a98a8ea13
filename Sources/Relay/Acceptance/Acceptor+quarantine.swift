import CPlatform
import HTTPServer

/// Requests whose signature failed, where their source keeps them: in, and out again.
extension Acceptor {
    /// Takes a request out of the quarantine: by the source of its name, whatever path that has now.
    func take(_ release: Release) {
        if boards.edition != edition { takeUpBoard() }
        guard let index = board.sources.firstIndex(where: { $0.settings.name == release.source }),
            let request = release.request
        else {
            return release.reply(
                Answers.refusal(
                    404, "there is no source \(release.source) any more", hint: "configure it, or discard it"))
        }
        do throws(RequestFault) {
            try take(request, from: index, on: nil, releasedBy: release)
        } catch {
            release.reply(error.response)
        }
    }

    /// Keeps a request whose signature failed; it is answered when it is kept.
    func setApart(_ request: Request, from index: Int, on exchange: Exchange, _ rejection: Verifier.Rejection) {
        let client = (try? client(of: request.head)) ?? request.head.peer
        quarantined.append(
            (
                QuarantinedRequest(
                    receivedAt: hs_wall_ms(), source: board.sources[index].settings.name, client: client.description,
                    reason: rejection.error, head: request.head.written, body: Array(request.body)),
                exchange, RequestFault.unauthorized(rejection).response
            ))
    }

    func handOverQuarantined() {
        let refused = quarantined.map { ($0.exchange, $0.response) }
        let answers = LateAnswers(loop: loop, answers: refused)
        quarantine.keep(quarantined.map(\.request)) { answers.give() }
        quarantined = []
    }
}

/// Refusals that are given when what was refused is kept.
///
/// Unchecked: immutable; the loop is only touched on its own thread.
private final class LateAnswers: @unchecked Sendable {
    private let loop: EventLoop
    private let answers: [(Exchange, Response)]

    init(loop: EventLoop, answers: [(Exchange, Response)]) {
        self.loop = loop
        self.answers = answers
    }

    func give() {
        loop.perform { [self] in for (exchange, response) in answers { loop.answer(exchange, with: response) } }
    }
}
