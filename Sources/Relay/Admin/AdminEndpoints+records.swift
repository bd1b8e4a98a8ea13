import Cluster
import EventJSON
import HTTPServer
import Platform
import Spool

/// The audit log, the failures, and the attempts of one event.
extension AdminEndpoints {
    /// How much of the audit files is looked through for one event's attempts, in bytes.
    static let attemptsBudgetBytes = 1 << 30
    /// Attempts of one event shown at most, the latest ones.
    static let attemptLimit = 1000

    func records(_ stem: String) -> AdminEndpoint {
        .get { [self] request in
            do throws(Problem) {
                let query = try RecordQuery(request.query, now: operations.now())
                let page = try query.isOfAll ? allRelaysPage(stem, query) : ownPage(stem, query)
                var writer = JSONWriter()
                page.write(to: &writer)
                return Response(status: 200, body: writer.bytes)
            } catch {
                return error.response
            }
        }
    }

    private func ownPage(_ stem: String, _ query: RecordQuery) throws(Problem) -> RecordPage {
        try reading { () throws(FileReadError) in
            try RecordPage(query, of: pages(stem)) { operations.routes(of: $0) }
        }
    }

    private func allRelaysPage(_ stem: String, _ query: RecordQuery) throws(Problem) -> RecordPage {
        guard let member = operations.member, let kind = RecordKind(rawValue: stem) else { throw Problem.notOnCluster }
        do throws(SpoolError) {
            let stream = RecordStream(of: try member.cluster(), kind)
            return try RecordPage(query, of: stream) { operations.routes(of: $0) }
        } catch {
            throw Problem(error)
        }
    }

    /// Attempts as far as they are found.
    private struct Attempts {
        /// The lines, with their relays' names where there may be several.
        var lines: [(record: RecordLine, relay: String)] = []
        var isComplete = true
        /// Why the other relays' are not among them.
        var obstacle: String?
    }

    /// Every attempt of an event that the audit log still holds, those of the other relays of a cluster included, the latest first.
    func attempts(of text: String) -> Response {
        do throws(Problem) {
            let event = try event(text).event
            var attempts = try ownAttempts(of: event)
            if let member = operations.member, !event.number.isBuffered {
                add(attemptsOfOthers(of: event, member), to: &attempts)
            }
            let shown = attempts.lines.prefix(AdminEndpoints.attemptLimit)
            let isComplete = attempts.isComplete && shown.count == attempts.lines.count
            return AdminEndpoints.object { [attempts] writer in
                writer.member("attempts") { writer in writer.array { for line in shown { $0.raw(line.record.bytes) } } }
                if operations.member != nil { writer.member("relays", shown.map(\.relay)) }
                writer.member("complete", isComplete)
                if let obstacle = attempts.obstacle { writer.member("obstacle", obstacle) }
            }
        } catch {
            return error.response
        }
    }

    private func ownAttempts(of event: StoredEvent) throws(Problem) -> Attempts {
        var filter = RecordFilter()
        filter.event = event.number.rawValue
        let name = operations.member?.identity.name ?? ""
        var attempts = Attempts()
        let rest = try reading { () throws(FileReadError) in
            try pages("audit").older(
                than: nil, since: CivilDate.iso8601(event.receivedAt),
                budgetBytes: AdminEndpoints.attemptsBudgetBytes
            ) { line, _ in
                if let record = filter.take(line) { attempts.lines.append((record, name)) }
                return attempts.lines.count < AdminEndpoints.attemptLimit ? .more : .enough
            }
        }
        attempts.isComplete = rest == nil
        return attempts
    }

    /// What the brokers have of all relays.
    private func attemptsOfOthers(of event: StoredEvent, _ member: ClusterMember) -> Attempts {
        do throws(SpoolError) {
            let found = try ClusterAttempts(of: event.number, in: try member.cluster())
            return Attempts(lines: found.lines, isComplete: found.isComplete)
        } catch {
            return Attempts(isComplete: false, obstacle: error.described)
        }
    }

    /// This relay's own lines the brokers have, too, but for the last ones.
    private func add(_ others: Attempts, to attempts: inout Attempts) {
        let own = Set(attempts.lines.map(\.record.bytes))
        attempts.lines += others.lines.reversed().filter { !own.contains($0.record.bytes) }
        attempts.lines.sort { $0.record["executed_at"] ?? "" > $1.record["executed_at"] ?? "" }
        attempts.isComplete = attempts.isComplete && others.isComplete
        attempts.obstacle = others.obstacle
    }

    func pages(_ stem: String) -> RecordPages { RecordPages(directory: operations.spoolPath, stem: stem) }

    private func reading<Result>(_ body: () throws(FileReadError) -> Result) throws(Problem) -> Result {
        do throws(FileReadError) { return try body() } catch {
            throw Problem(status: 500, detail: "\(error.path): \(error.reason)", hint: "see the daemon's log")
        }
    }
}
