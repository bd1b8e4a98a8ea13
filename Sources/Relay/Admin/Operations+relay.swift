import Delivery
import EventJSON
import Platform
import Spool

/// How this relay is, as it tells the others of its cluster.
extension Operations {
    /// Targets told of at most; those of the last names are left out.
    private static let toldTargets = 500
    /// How much of a target's last fault is told, in characters.
    private static let toldFault = 200

    /// What is announced:
    ///
    ///     {"relay":"host:8080","version":"1.0.0","since":"2026-01-01T00:00:00.000Z","broker":{"name":"n0","version":"2.15.1"},
    ///      "door":{"accepted":1,"duplicates":0,"refused":0},"in_flight":0,"passed_over":0,"targets":{"crm":{…}}}
    var relayNote: [UInt8] {
        let workers = engine.status()
        let door = counters.total
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("relay", member?.identity.name)
            writer.member("version", hookswitchVersion)
            writer.member("since", CivilDate.iso8601(startedAt))
            if let broker = member?.broker {
                writer.member("broker") {
                    $0.object {
                        $0.member("name", broker.name)
                        $0.member("version", broker.version)
                    }
                }
            }
            writer.member("door") {
                $0.object {
                    $0.member("accepted", door.accepted.reduce(0) { $0 + $1.count })
                    $0.member("duplicates", door.duplicates)
                    $0.member("refused", counters.refusalsByStatus.values.reduce(0, +))
                }
            }
            writer.member("in_flight", workers.reduce(0) { $0 + $1.inFlight })
            writer.member("passed_over", member?.passedOver ?? 0)
            writer.member("targets") { writer in
                writer.object { writer in
                    for worker in workers.sorted(by: { $0.name < $1.name }).prefix(Operations.toldTargets) {
                        writer.member(worker.name) { Operations.write(worker, to: &$0) }
                    }
                }
            }
        }
        return writer.bytes
    }

    private static func write(_ worker: TargetStatus, to writer: inout JSONWriter) {
        writer.object {
            $0.member("in_flight", worker.inFlight)
            $0.member("breaker", worker.breaker.rawValue)
            $0.member("paused", worker.paused)
            $0.member("succeeded", worker.succeeded)
            $0.member("retried", worker.retried)
            if let error = worker.lastError { $0.member("last_error", String(error.prefix(toldFault))) }
        }
    }
}
