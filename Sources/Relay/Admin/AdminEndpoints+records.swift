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

    /// Every attempt of an event that the audit log still holds, the latest first.
    func attempts(of text: String) -> Response {
        do throws(Problem) {
            let report = try event(text)
            var filter = RecordFilter()
            filter.event = report.event.number.rawValue
            var lines: [[UInt8]] = []
            let rest = try reading { () throws(FileReadError) in
                try pages("audit").older(
                    than: nil, since: CivilDate.iso8601(report.event.receivedAt),
                    budgetBytes: AdminEndpoints.attemptsBudgetBytes
                ) { line, _ in
                    if filter.take(line) != nil { lines.append(Array(line)) }
                    return lines.count < AdminEndpoints.attemptLimit ? .more : .enough
                }
            }
            return AdminEndpoints.object { writer in
                writer.member("attempts") { writer in writer.array { for line in lines { $0.raw(line) } } }
                writer.member("complete", rest == nil)
            }
        } catch {
            return error.response
        }
    }

    func pages(_ stem: String) -> RecordPages { RecordPages(directory: operations.spoolPath, stem: stem) }

    private func reading<Result>(_ body: () throws(FileReadError) -> Result) throws(Problem) -> Result {
        do throws(FileReadError) { return try body() } catch {
            throw Problem(status: 500, detail: "\(error.path): \(error.reason)", hint: "see the daemon's log")
        }
    }
}
