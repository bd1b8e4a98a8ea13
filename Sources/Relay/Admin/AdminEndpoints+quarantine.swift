import EventJSON
import HTTPServer
import Spool

/// `/api/v1/quarantine`: what came with a wrong signature, and what becomes of it.
extension AdminEndpoints {
    /// `GET /api/v1/quarantine?after=N`: a page of what is kept.
    func quarantinePage(_ request: AdminRequest) -> Response {
        let after = FormFields(request.query).first { $0.name == "after" }?.value ?? "0"
        guard let number = UInt64(after) else {
            return Problem(status: 400, detail: "\"\(after)\" is no number", hint: "send ?after=12").response
        }
        do throws(SpoolError) {
            let page = try quarantine.quarantine.page(after: number)
            let status = quarantine.quarantine.status
            return AdminEndpoints.object { writer in
                writer.member("quarantined") { writer in
                    writer.array { writer in
                        for kept in page { writer.object { kept.request.writeSummary(kept.number, to: &$0) } }
                    }
                }
                writer.member("requests", status.requests)
                writer.member("bytes", status.bytes)
                writer.member("dropped", status.dropped)
                if page.count == Quarantine.pageLimit, let last = page.last { writer.member("next", last.number) }
            }
        } catch {
            return Problem(error).response
        }
    }

    /// `GET /api/v1/quarantine/N`: all of one.
    func quarantined(_ text: String) -> Response {
        do throws(SpoolError) {
            guard let number = UInt64(text), let kept = try quarantine.quarantine.request(number) else {
                return Problem(
                    status: 404, detail: "there is nothing in quarantine under \(text)",
                    hint: "`hookswitch quarantine` lists what there is"
                ).response
            }
            let source = configuration().sources.first { $0.name == kept.source }
            return AdminEndpoints.object { kept.write(number, hiding: source?.verify?.secretHeaders ?? [], to: &$0) }
        } catch {
            return Problem(error).response
        }
    }

    /// `POST /api/v1/quarantine/release` and `…/discard`: `{"numbers": [1, 2], "force": false}`.
    func settle(_ request: AdminRequest, _ settle: (UInt64, Bool) throws(SpoolError) -> QuarantineResult) -> Response {
        let hint = "send {\"numbers\": [1, 2]}"
        let root: JSONValue
        do throws(JSONSyntaxError) { root = try JSONDocument(request.body).root } catch {
            return Problem(status: 400, detail: "the body is not JSON: \(error.message)", hint: hint).response
        }
        for member in root.members ?? [] where !["numbers", "force"].contains(member.key) {
            return Problem(status: 400, detail: "there is no key \"\(member.key)\" here", hint: hint).response
        }
        let numbers = (root[key: "numbers"]?.array ?? []).compactMap { $0.integer.flatMap(UInt64.init(exactly:)) }
            .filter { $0 > 0 }
        guard !numbers.isEmpty, numbers.count == root[key: "numbers"]?.array?.count,
            numbers.count <= Quarantine.pageLimit
        else {
            return Problem(
                status: 400, detail: "`numbers` is no list of 1 to \(Quarantine.pageLimit) numbers above 0", hint: hint
            ).response
        }
        let isForced = root[key: "force"]?.isTrue == true
        var results: [(UInt64, QuarantineResult)] = []
        do throws(SpoolError) {
            for number in numbers { results.append((number, try settle(number, isForced))) }
        } catch {
            return Problem(error).response
        }
        return AdminEndpoints.object { writer in
            writer.member("settled", results.count { $0.1.isDone })
            writer.member("results") { writer in
                writer.array { writer in
                    for (number, result) in results {
                        writer.object {
                            $0.member("number", number)
                            $0.member("result", result.text)
                            if let event = result.event { $0.member("event", event) }
                            $0.member("done", result.isDone)
                        }
                    }
                }
            }
        }
    }
}
