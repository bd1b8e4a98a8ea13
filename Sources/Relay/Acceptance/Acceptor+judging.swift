import CPlatform
import HTTPServer

/// What a request's head decides, before its body is read: 404, 403, 405, 429, 415 and 401 in this order.
extension Acceptor {
    func judge(_ head: RequestHead) -> HeadVerdict {
        let verdict = verdict(on: head)
        if case .refuse(let response) = verdict { note(response, to: head) }
        return verdict
    }

    private func verdict(on head: RequestHead) -> HeadVerdict {
        if boards.edition != edition { takeUpBoard() }
        guard let index = board.source(for: head) else {
            return refuse(
                404, "there is no source at this path",
                hint: "sources and their paths stand in routes.json under `sources`")
        }
        let source = board.sources[index]
        do throws(RequestFault) {
            let client = try client(of: head)
            let allowed = source.settings.allowFrom
            if !allowed.isEmpty && !allowed.contains(where: { $0.contains(client) }) {
                return refuse(
                    403, "your address \(client) may not send here",
                    hint: "the source's `allow_from` lists the addresses that may")
            }
            if head.method != .post { return answerWithoutBody(head, on: source.settings) }
            if let rate = source.rate,
                let seconds = rate.take(from: client, now: loop.roundBeganAt / 1_000_000)
            {
                throw .tooMany(retryAfterSeconds: seconds)
            }
            do throws(BodyCoding.Fault) { _ = try BodyCoding.of(head) } catch { throw .coding(error) }
            // What is to be kept although it fails must be read.
            if let verifier = verifiers[index], source.settings.onInvalid == .reject {
                do throws(Verifier.Rejection) { try verifier.judge(head, now: hs_wall_ms()) } catch {
                    throw .unauthorized(error)
                }
            }
        } catch {
            return .refuse(error.response)
        }
        return .readBody(limitBytes: board.bodyLimitBytes)
    }

    /// Where a request came from: nothing but the peer, if no proxy is trusted.
    func client(of head: RequestHead) throws(RequestFault) -> PeerAddress {
        do throws(TrustedProxies.Fault) { return try board.proxies.client(of: head) } catch { throw .origin(error) }
    }

    /// A request by another method: the source's handshake, or a mistake.
    private func answerWithoutBody(_ head: RequestHead, on source: SourceConfiguration) -> HeadVerdict {
        if let challenge = source.challenge, challenge.method == head.method {
            return .refuse(challenge.answer(to: head, on: source))
        }
        let allowed = ["POST"] + (source.challenge?.method.map { [$0.name] } ?? [])
        return refuse(
            405, "\(head.method.name) is not taken here", hint: "webhooks are sent with POST",
            headers: [.init("allow", allowed.joined(separator: ", "))])
    }

    private func refuse(_ status: Int, _ error: String, hint: String, headers: [Response.Header] = []) -> HeadVerdict {
        .refuse(Answers.refusal(status, error, hint: hint, headers: headers))
    }
}
