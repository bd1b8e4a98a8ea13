import Cluster
import Delivery
import EventJSON
import Spool

/// The cluster as a whole: its backlog, its relays, its brokers. Read by asking the brokers; blocks.
struct ClusterReport {
    private let spool: SpoolStatus
    private let relays: [RelayReport]
    private let brokers: [JetStreamLog.Broker]
    private let now: Int64

    /// Asks the brokers. `spool` is what this relay's log says, `own` what this relay says of itself now.
    /// - Throws: `SpoolError.elsewhere` if they don't answer.
    init(_ member: ClusterMember, _ spool: SpoolStatus, own: [UInt8], now: Int64) throws(SpoolError) {
        self.now = now
        self.spool = spool
        let cluster = try member.cluster()
        let notes = try cluster.relays()
        // Those that speak are told from those that are silent by the brokers' clock alone: this relay's word is mostly the latest.
        let latest = notes.map(\.at).max() ?? now
        var relays: [RelayReport] = []
        let this = JetStreamLog.RelayNote(
            id: member.identity.id, at: notes.first { $0.id == member.identity.id }?.at ?? latest, document: own)
        for note in notes.filter({ $0.id != this.id }) + [this] {
            if let report = RelayReport(note, now: latest, isThis: note.id == this.id) { relays.append(report) }
        }
        self.relays = relays.sorted { ($0.name, $0.at) < ($1.name, $1.at) }
        brokers = try cluster.brokers()
    }

    /// Writes it as the API answers it. `writeSpool` writes what holds the events.
    func write(to writer: inout JSONWriter, spool writeSpool: (SpoolStatus, inout JSONWriter) -> Void) {
        writer.object { writer in
            writer.member("targets") { writeTargets(to: &$0) }
            writer.member("spool") { writeSpool(spool, &$0) }
            writer.member("door") { writer in
                writer.object { writer in
                    for count in ["accepted", "duplicates", "refused"] {
                        writer.member(count, relays.reduce(0) { $0 + $1.door(count) })
                    }
                }
            }
            writer.member("relays") { writer in
                writer.array { writer in for relay in relays { relay.write(to: &writer) } }
            }
            writer.member("brokers") { writer in
                writer.array { writer in for broker in brokers { write(broker, to: &writer) } }
            }
            writer.member("version", hookswitchVersion)
        }
    }

    private func writeTargets(to writer: inout JSONWriter) {
        var workers: [String: [RelayReport.Target]] = [:]
        for relay in relays where !relay.isSilent {
            for target in relay.targets { workers[target.name, default: []].append(target) }
        }
        writer.object { writer in
            for queue in spool.queues {
                let here = workers[queue.name] ?? []
                // The name of a target that was never in force long enough to be owed anything is no news.
                guard !here.isEmpty || queue.waiting > 0 || queue.failed > 0 else { continue }
                writer.member(queue.name) { write(queue, here, to: &$0) }
            }
        }
    }

    private func write(_ queue: SpoolStatus.Queue, _ workers: [RelayReport.Target], to writer: inout JSONWriter) {
        let age = queue.oldestReceivedAt.map { max(0, now - $0) } ?? 0
        let states = workers.map(\.breaker)
        let worst = [Breaker.State.open, .halfOpen].first { states.contains($0) } ?? .closed
        writer.object {
            $0.member("waiting", queue.waiting)
            $0.member("in_flight", workers.reduce(0) { $0 + $1.inFlight })
            $0.member("failed", queue.failed)
            $0.member("oldest_seconds", Double(age) / 1000)
            $0.member("breaker", worst.rawValue)
            $0.member("paused", workers.contains { $0.isPaused })
            $0.member("relays", workers.count)
            if workers.isEmpty { $0.member("orphaned", true) }
            $0.member("succeeded", workers.reduce(0) { $0 + $1.succeeded })
            $0.member("retried", workers.reduce(0) { $0 + $1.retried })
            if let error = workers.compactMap(\.lastError).first { $0.member("last_error", error) }
        }
    }

    private func write(_ broker: JetStreamLog.Broker, to writer: inout JSONWriter) {
        let connected = relays.filter { !$0.isSilent && $0.broker?.name == broker.name }
        writer.object {
            $0.member("name", broker.name)
            $0.member("role", broker.isLeader ? "leader" : "follower")
            $0.member("state", broker.isOffline ? "offline" : broker.isCurrent ? "current" : "behind")
            $0.member("lag", broker.lag)
            $0.member("version", connected.first?.broker?.version)
            $0.member("relays", connected.map(\.name))
        }
    }
}
