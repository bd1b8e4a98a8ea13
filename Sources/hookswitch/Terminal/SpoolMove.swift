import CPlatform
import Cluster
import Delivery
import EventJSON
import Glibc
import NATS
import Platform
import Relay
import Spool

/// `hookswitch spool move`: from a spool's directory into the cluster, or back.
struct SpoolMove {
    /// For how long brokers that don't take an event are asked again, in milliseconds, and how often, in microseconds.
    private static let patienceMilliseconds: Int64 = 60_000
    private static let pauseMicroseconds: UInt32 = 500_000

    /// Where the events go.
    private enum Way {
        case intoCluster, outOfCluster
    }

    private let way: Way
    private let isJSON: Bool
    private var spool: SpoolSettings
    private var cluster: ClusterSettings
    private let orders: [KeptOrder]

    init(_ arguments: Arguments) throws(Failure) {
        guard arguments.rest.count == 1, arguments["--match"] == nil, !arguments.has("--dry-run") else {
            throw Failure(ExitCode.usage, "`hookswitch spool move` moves all events: it takes --to and nothing else")
        }
        guard let place = arguments["--to"] else {
            throw Failure(
                ExitCode.usage, "`hookswitch spool move` needs --to", hint: "like `hookswitch spool move --to cluster`")
        }
        isJSON = arguments.has("--json")
        let configuration = try ConfigurationFile(arguments).usable()
        spool = configuration.spool
        orders = configuration.targets.compactMap(\.keptOrder)
        var named: ClusterSettings? = configuration.clusterInForce
        if place.hasPrefix("nats://") || place.hasPrefix("tls://") {
            let servers = try SpoolMove.servers(place)
            if named == nil {
                named = ClusterSettings(client: ClientSettings(servers: servers, name: "hookswitch"), path: spool.path)
                named?.retain = spool.retain
                named?.maxSizeBytes = spool.maxSizeBytes
            }
            named?.client.servers = servers
            named?.client.first = 0
            way = .intoCluster
        } else if place == "cluster" {
            way = .intoCluster
        } else if place == "local" {
            way = .outOfCluster
        } else if place.contains("/") {
            way = .outOfCluster
            spool.path = SpoolMove.absolute(place)
        } else {
            throw Failure(
                ExitCode.usage, "\"\(place)\" is no place for a spool",
                hint: "cluster, local, brokers like nats://host:4222, or a directory like /var/lib/hookswitch/spool")
        }
        guard let named else {
            throw Failure(
                ExitCode.configuration, "the configuration names no cluster",
                hint: "add `spool.jetstream`, or name the brokers: --to nats://host:4222")
        }
        cluster = named
    }

    func run() throws(Failure) -> Int32 {
        var progress = Progress("moving", unit: "events")
        let tally: Crossing.Tally
        do throws(SpoolError) {
            tally = way == .intoCluster ? try moveIn(&progress) : try moveOut(&progress)
            progress.end()
        } catch {
            progress.end()
            throw SpoolMove.failure(error)
        }
        show(tally)
        return tally.kept.isEmpty ? ExitCode.ok : ExitCode.badData
    }

    private func moveIn(_ progress: inout Progress) throws(SpoolError) -> Crossing.Tally {
        guard access(spool.path + "/segments", F_OK) == 0 else {
            throw .system(call: "open", path: spool.path + "/segments", errno: errno)
        }
        // Nothing is to happen to the spool meanwhile: it is neither too old nor too large for this.
        var settings = spool
        settings.retain = .seconds(Int64(Int32.max))
        settings.maxSizeBytes = .max / 4
        settings.minFreeBytes = 0
        let spool = try Spool(settings, notice: { _ in })
        defer { spool.close() }
        let log = try JetStreamLog(besides: spool, cluster, notice: SpoolMove.hear)
        defer { log.close() }
        try log.keepOrder(of: orders)
        let crossing = try Crossing(from: spool, in: settings.path, to: log)
        let all = crossing.left
        var heardAt = hs_monotonic_ns() / 1_000_000
        while true {
            do throws(SpoolError) {
                let looked = try crossing.step()
                heardAt = hs_monotonic_ns() / 1_000_000
                progress.show(crossing.tally.events, of: all)
                if looked == 0 { break }
            } catch {
                guard case .elsewhere = error,
                    hs_monotonic_ns() / 1_000_000 - heardAt < SpoolMove.patienceMilliseconds
                else { throw error }
                usleep(SpoolMove.pauseMicroseconds)
            }
        }
        try crossing.finish()
        return crossing.tally
    }

    private func moveOut(_ progress: inout Progress) throws(SpoolError) -> Crossing.Tally {
        let spool = try Spool(self.spool, notice: { _ in })
        defer { spool.close() }
        let log = try JetStreamLog(besides: spool, cluster, notice: SpoolMove.hear)
        defer { log.close() }
        let landing = try Landing(from: log, to: spool)
        try landing.run { progress.show($0, of: $1) }
        return landing.tally
    }

    @Sendable private static func hear(_ notice: JetStreamLog.Notice) {
        if case .concern(let concern) = notice, concern.isFault {
            StandardStream.error.write("warning: \(concern.message)\n")
        }
    }

    private static func failure(_ error: SpoolError) -> Failure {
        switch error {
        case .locked:
            Failure(ExitCode.failure, error.described, hint: "its daemon must be stopped before its spool is moved")
        case .elsewhere:
            Failure(
                ExitCode.unavailable, error.described,
                hint: "nothing is lost: the same command goes on where this one ended")
        default: Failure(ExitCode.file, error.described)
        }
    }

    private func show(_ tally: Crossing.Tally) {
        let servers = cluster.client.servers.map(\.description).joined(separator: " ")
        let places = [spool.path, "the stream \(cluster.name) of \(servers)"]
        let (from, to) = way == .intoCluster ? (places[0], places[1]) : (places[1], places[0])
        guard isJSON else {
            for kept in tally.kept { StandardStream.output.write("event \(kept.event) stays: \(kept.reason)\n") }
            StandardStream.output.write(
                "moved \(Progress.grouped(tally.events)) events and the \(Progress.grouped(tally.deliveries)) deliveries "
                    + "that they owe, or that were given up, from \(from) to \(to)\n")
            return
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("events", tally.events)
            writer.member("deliveries", tally.deliveries)
            writer.member("from", from)
            writer.member("to", to)
            writer.member("kept") { writer in
                writer.array { writer in
                    for kept in tally.kept {
                        writer.object {
                            $0.member("event", kept.event.rawValue)
                            $0.member("reason", kept.reason)
                        }
                    }
                }
            }
        }
        StandardStream.output.write(writer.bytes + [0x0A])
    }

    private static func servers(_ text: String) throws(Failure) -> [ServerAddress] {
        var servers: [ServerAddress] = []
        for part in text.split(separator: ",") {
            guard let server = ServerAddress(String(part)) else {
                throw Failure(ExitCode.usage, "\"\(part)\" is no address of a broker", hint: "like nats://host:4222")
            }
            servers.append(server)
        }
        return servers
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        return String(cString: here) + "/" + path
    }
}
