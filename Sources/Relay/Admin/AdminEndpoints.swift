import EventJSON
import HTTPServer
import Spool

/// What the operators' listener offers, path by path: health, metrics, and the API that console and verbs use.
/// Its answers may be made on any thread but a queue of the spool's.
struct AdminEndpoints: Sendable {
    let operations: Operations
    let metrics: Metrics
    let login: Login
    let quarantine: QuarantineRelease
    /// What is in force.
    let configuration: @Sendable () -> Configuration
    /// Reads the configuration anew; who asks is noted.
    let reload: @Sendable (String) -> ReloadOutcome

    /// What a path offers; `nil` if nothing is there.
    func endpoint(at path: String) -> AdminEndpoint? {
        switch path {
        case "/healthz":
            .get(.anyone, on: .loop) { _ in AdminEndpoints.object { $0.member("status", "ok") } }
        case "/readyz": .get(.anyone, on: .loop) { [self] _ in readiness() }
        case "/metrics": .get { [self] in scrape($0) }
        case "/api/v1/status":
            .get { [self] _ in
                var writer = JSONWriter()
                operations.writeStatus(to: &writer)
                return Response(status: 200, body: writer.bytes)
            }
        case "/api/v1/cluster": .get { [self] _ in cluster() }
        case "/api/v1/retry": .post(on: .aside) { [self] in retry($0) }
        case "/api/v1/pause": .post { [self] in change($0, operations.pause) }
        case "/api/v1/resume": .post { [self] in change($0, operations.resume) }
        case "/api/v1/drop": .post { [self] in change($0, operations.drop) }
        case "/api/v1/move": .post(on: .aside) { [self] in change($0, operations.move) }
        case "/api/v1/session":
            .get(on: .loop) { [login] _ in AdminEndpoints.object { $0.member("token", login.isNeeded) } }
        case "/api/v1/audit": records("audit")
        case "/api/v1/failures": records("failures")
        case "/api/v1/targets": .get { [self] _ in targets() }
        case "/api/v1/routes": .get { [self] _ in routes() }
        case "/api/v1/match": .post { [self] in match($0) }
        case "/api/v1/samples": .get { [self] _ in samples() }
        case "/api/v1/configuration": .get { [self] _ in shownConfiguration() }
        case "/api/v1/quarantine": .get { [self] in quarantinePage($0) }
        case "/api/v1/quarantine/release": .post { [self] in settle($0, quarantine.release) }
        case "/api/v1/quarantine/discard":
            .post { [self] in settle($0) { number, _ throws(SpoolError) in try quarantine.discard(number) } }
        case "/api/v1/replays":
            AdminEndpoint(answers: [
                .get: { [self] _ in replays() },
                .post: { [self] in replay($0) },
            ])
        case "/api/v1/erase": .post(on: .aside) { [self] in erase($0) }
        case "/api/v1/reload": .post { [self] in reloadAnswer(to: $0.client) }
        default:
            if let number = AdminEndpoints.name(in: path, between: "/api/v1/events/") {
                .get { [self] _ in shownEvent(number) }
            } else if let number = AdminEndpoints.name(in: path, between: "/api/v1/events/", "/attempts") {
                .get { [self] _ in attempts(of: number) }
            } else if let number = AdminEndpoints.name(in: path, between: "/api/v1/quarantine/") {
                .get { [self] _ in quarantined(number) }
            } else if let type = AdminEndpoints.name(in: path, between: "/api/v1/samples/") {
                .get { [self] _ in sample(type) }
            } else if let id = AdminEndpoints.name(in: path, between: "/api/v1/replays/", "/pause") {
                .post { [self] _ in setReplay(id, .paused) }
            } else if let id = AdminEndpoints.name(in: path, between: "/api/v1/replays/", "/resume") {
                .post { [self] _ in setReplay(id, .running) }
            } else if let id = AdminEndpoints.name(in: path, between: "/api/v1/replays/", "/cancel") {
                .post { [self] _ in setReplay(id, .cancelled) }
            } else {
                consoleEndpoint(at: path)
            }
        }
    }

    /// The one segment of a path that stands between these; `nil` if the path is another.
    static func name(in path: String, between start: String, _ end: String = "") -> String? {
        guard path.hasPrefix(start), path.hasSuffix(end), path.utf8.count > start.utf8.count + end.utf8.count
        else { return nil }
        let name = path.dropFirst(start.count).dropLast(end.count)
        return name.contains("/") ? nil : String(name)
    }

    /// A JSON object as an answer.
    static func object(_ status: Int = 200, _ content: (inout JSONWriter) -> Void) -> Response {
        var writer = JSONWriter()
        writer.object(content)
        return Response(status: status, body: writer.bytes)
    }

    /// What `content` writes, as an answer.
    static func written(_ content: (inout JSONWriter) -> Void) -> Response {
        var writer = JSONWriter()
        content(&writer)
        return Response(status: 200, body: writer.bytes)
    }

    private func replays() -> Response {
        var writer = JSONWriter()
        do throws(SpoolError) { try operations.writeReplays(to: &writer) } catch { return Problem(error).response }
        return Response(status: 200, body: writer.bytes)
    }

    private func replay(_ request: AdminRequest) -> Response {
        var writer = JSONWriter()
        do throws(BodyFault) { try operations.replay(request.body, to: &writer) } catch {
            return Problem(status: error.status, detail: error.message, hint: error.hint).response
        }
        return Response(status: 201, body: writer.bytes)
    }

    private func setReplay(_ text: String, _ state: ReplayJob.State) -> Response {
        var writer = JSONWriter()
        do throws(SpoolError) {
            if let id = Int(text), try operations.setReplay(id, state, to: &writer) {
                return Response(status: 200, body: writer.bytes)
            }
        } catch {
            return Problem(error).response
        }
        return Problem(
            status: 404, detail: "there is no replay \(text)", hint: "`hookswitch replay list` shows them"
        ).response
    }

    private func readiness() -> Response {
        guard let closed = operations.closed else { return AdminEndpoints.object { $0.member("status", "ready") } }
        return AdminEndpoints.object(503) {
            $0.member("status", "closed")
            $0.member("reason", closed)
        }
    }

    private func scrape(_ request: AdminRequest) -> Response {
        let format = Exposition.Format(accept: request.accept)
        return Response(status: 200, contentType: format.contentType, body: metrics.text(format))
    }

    private func shownEvent(_ text: String) -> Response {
        do throws(Problem) {
            var writer = JSONWriter()
            try event(text).write(to: &writer)
            return Response(status: 200, body: writer.bytes)
        } catch {
            return error.response
        }
    }

    /// The event of a number, as a path has it.
    func event(_ text: String) throws(Problem) -> EventReport {
        guard let number = UInt64(text), number > 0 else {
            throw Problem(
                status: 400, detail: "\"\(text.prefix(100))\" is no event number",
                hint: "an event number is a positive integer")
        }
        let report: EventReport?
        do throws(SpoolError) { report = try operations.report(on: EventNumber(rawValue: number)) } catch {
            throw Problem(error)
        }
        guard let report else {
            throw Problem(
                status: 404, detail: "event \(number) is not, or no longer, in the spool",
                hint: "`spool.retain` says how long finished events stay")
        }
        return report
    }

    private func retry(_ request: AdminRequest) -> Response {
        let wanted: RetryRequest
        do throws(BodyFault) { wanted = try RetryRequest(request.body) } catch {
            return Problem(status: 400, detail: error.message, hint: error.hint).response
        }
        var writer = JSONWriter()
        do throws(SpoolError) { try operations.retry(wanted, to: &writer) } catch { return Problem(error).response }
        return Response(status: 200, body: writer.bytes)
    }

    private func change(
        _ request: AdminRequest, _ perform: (QueueRequest, inout JSONWriter) throws(SpoolError) -> Void
    ) -> Response {
        let wanted: QueueRequest
        do throws(BodyFault) { wanted = try QueueRequest(request.body) } catch {
            return Problem(status: 400, detail: error.message, hint: error.hint).response
        }
        var writer = JSONWriter()
        do throws(SpoolError) { try perform(wanted, &writer) } catch { return Problem(error).response }
        return Response(status: 200, body: writer.bytes)
    }

    private func erase(_ request: AdminRequest) -> Response {
        let wanted: EraseRequest
        do throws(BodyFault) { wanted = try EraseRequest(request.body) } catch {
            return Problem(status: 400, detail: error.message, hint: error.hint).response
        }
        var writer = JSONWriter()
        do throws(SpoolError) { try operations.erase(wanted.events).write(to: &writer) } catch {
            return Problem(error).response
        }
        return Response(status: 200, body: writer.bytes)
    }

    private func reloadAnswer(to client: String) -> Response {
        let outcome = reload(client)
        @Sendable func write(to writer: inout JSONWriter) {
            writer.member("findings") { writer in
                writer.array { for finding in outcome.findings { finding.write(to: &$0) } }
            }
            writer.member("changes", outcome.changes.map(\.description))
        }
        guard outcome.isRefused else { return AdminEndpoints.object(200, write) }
        return Problem(
            status: 422, detail: "the configuration has errors: the old one stays in force",
            hint: "see `hookswitch check`", more: write
        ).response
    }
}
