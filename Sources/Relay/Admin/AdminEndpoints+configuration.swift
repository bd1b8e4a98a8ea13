import CPlatform
import Delivery
import EventJSON
import HTTPServer
import Platform
import Spool

/// What the configuration in force makes of the relay: targets, routes, the try-out box, the text itself.
extension AdminEndpoints {
    /// Routes with their patterns in one answer at most.
    static let routeLimit = 5000

    func targets() -> Response {
        let settings = Dictionary(configuration().targets.map { ($0.name, $0) }) { one, _ in one }
        let workers = Dictionary(operations.engine.status().map { ($0.name, $0) }) { one, _ in one }
        let queues = operations.log.status().queues
        let known = Set(queues.map(\.name))
        var reports = queues.map {
            TargetReport(name: $0.name, queue: $0, worker: workers[$0.name], settings: settings[$0.name])
        }
        reports.removeAll { report in
            report.worker == nil && report.queue?.waiting == 0 && report.queue?.failed == 0
        }
        for worker in workers.values where !known.contains(worker.name) {
            reports.append(TargetReport(name: worker.name, worker: worker, settings: settings[worker.name]))
        }
        let (now, steady) = (operations.now(), hs_monotonic_ns() / 1_000_000)
        return AdminEndpoints.object { writer in
            writer.member("targets") { writer in
                writer.array { writer in
                    for report in reports.sorted(by: { $0.name < $1.name }) {
                        report.write(to: &writer, now: now, steady: steady)
                    }
                }
            }
        }
    }

    func routes() -> Response {
        let configuration = configuration()
        let taken = Dictionary(operations.counters.total.routed.map { ($0.name, $0.count) }) { one, _ in one }
        let patterns = AdminEndpoints.patterns(in: configuration)
        return AdminEndpoints.object { writer in
            writer.member("total", configuration.routes.count)
            writer.member("routes") { writer in
                writer.array { writer in
                    for (place, route) in configuration.routes.prefix(AdminEndpoints.routeLimit).enumerated() {
                        writer.object {
                            $0.member("name", route.name)
                            $0.member("active", route.active)
                            $0.member("final", route.final)
                            $0.member("from", (route.from ?? []).map { configuration.sources[$0].name })
                            $0.member("to", route.to.map { configuration.targets[$0].name })
                            $0.member("taken", taken[route.name] ?? 0)
                            $0.member("match") { $0.raw(place < patterns.count ? patterns[place] : Array("null".utf8)) }
                        }
                    }
                }
            }
            writer.member("unmatched", configuration.unmatched.map { configuration.targets[$0].name })
            writer.member("sources", configuration.sources.map(\.name))
        }
    }

    /// The routes' patterns as the file has them.
    private static func patterns(in configuration: Configuration) -> [[UInt8]] {
        do throws(JSONSyntaxError) {
            let document = try JSONDocument(configuration.text)
            return (document.root[key: "routes"]?.array ?? []).prefix(routeLimit).map { route in
                route[key: "match"].map { Array(document.bytes[$0.range]) } ?? Array("null".utf8)
            }
        } catch {
            return []
        }
    }

    func match(_ request: AdminRequest) -> Response {
        do throws(Problem) {
            let result = try TryOut(request.body).report(on: configuration()) { number throws(Problem) in
                try event("\(number)")
            }
            return AdminEndpoints.object {
                $0.member("source", result.source)
                result.report.writeMembers(to: &$0)
            }
        } catch {
            return error.response
        }
    }

    func sample(_ type: String) -> Response {
        do throws(Problem) { return Response(status: 200, body: try TryOut.sample(type)) } catch {
            return error.response
        }
    }

    func samples() -> Response { AdminEndpoints.object { $0.member("types", Sample.types) } }

    func shownConfiguration() -> Response {
        let configuration = configuration()
        let reloads = metrics.reloads.figures
        return AdminEndpoints.object { writer in
            writer.member("path", configuration.path)
            writer.member("document") { configuration.writeBlotted(to: &$0) }
            writer.member("reload") { writer in
                writer.object { writer in
                    writer.member("tried_at", reloads.triedAt.map(CivilDate.iso8601))
                    writer.member("refused", reloads.isRefused)
                    writer.member("findings") { writer in
                        writer.array { for finding in reloads.findings { finding.write(to: &$0) } }
                    }
                }
            }
        }
    }
}
