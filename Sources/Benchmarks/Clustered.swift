import Foundation
import Relay

/// The relay on a JetStream cluster: 202s a second against a client that does nothing but publish to the same stream over the
/// same kind of connection, with as many messages under way; the whole way of an event; and how soon another relay goes on.
///
/// The three brokers have both cores, and use most of them. The relay and the publisher are on core 0, in turn; wrk and the
/// receiver on core 1.
enum Clustered {
    static let stream = "bench"
    /// How many there are: for what is accepted, delivered and taken over.
    static let streams = 3
    /// How much each may hold: more than is sent in the longest run that is usual.
    static let streamGigabytes = 8

    static func run(_ options: BenchmarkTool.Options) throws -> Report {
        let directory = try Workplace.make()
        defer { try? FileManager.default.removeItem(at: directory) }
        let brokers = try Brokers(in: directory)
        defer { brokers.stop() }
        let receiver = try ReceivingNginx(in: directory)
        defer { receiver.stop() }
        let body = Workplace.event()
        let client = try Wrk(
            body: body, headers: [("content-type", "application/json")], connections: options.connections, core: 1,
            in: directory)
        let door = try accept(options, brokers, client, body, directory)
        let way = try deliver(options, brokers, client, receiver, directory)
        let takeover = try failover(brokers, receiver, body, directory)
        return Report(
            title:
                "\(body.count) bytes an event, three brokers with replicas 3 and sync_interval always, \(options.connections) under way; medians of \(options.rounds) rounds",
            figures: [
                ("acks_per_second", median(door.perSecond)),
                ("publisher_per_second", median(door.publisher)),
                ("ratio_to_publisher", median(zip(door.perSecond, door.publisher).map { $0 / $1 })),
                ("p50_ms", median(door.p50)),
                ("p99_ms", median(door.p99)),
                ("cpu_us_per_ack", door.cpuMicroseconds),
                ("brokers_cpu_us_per_ack", door.brokersMicroseconds),
                ("deliveries_per_second", way.perSecond),
                ("cpu_us_per_delivery", way.cpuMicroseconds),
                ("brokers_cpu_us_per_delivery", way.brokersMicroseconds),
                ("ack_wait_ms", Double(ackWaitMilliseconds)),
                ("failover_first_ms", takeover.first),
                ("failover_last_ms", takeover.last),
                ("resident_mb", way.residentMegabytes),
            ])
    }

    private struct Door {
        var perSecond: [Double] = []
        var publisher: [Double] = []
        var p50: [Double] = []
        var p99: [Double] = []
        var cpuMicroseconds = 0.0
        var brokersMicroseconds = 0.0
    }

    /// Accepts events for a target that is paused, in turn with the publisher.
    private static func accept(
        _ options: BenchmarkTool.Options, _ brokers: Brokers, _ client: Wrk, _ body: [UInt8], _ directory: URL
    ) throws -> Door {
        let relay = try self.relay(
            "door", at: brokers, target: #"{"file":{"path":"out.ndjson"},"paused":true}"#, in: directory)
        defer { relay.peer.stop() }
        // A subject that no target's consumer wants.
        let subject =
            "\(stream)-door.q.e."
            + (Array(repeating: "0", count: 16) + Array(repeating: "-", count: 8)).joined(separator: ".")
        var door = Door()
        var (cpu, brokersCPU, accepted) = (0.0, 0.0, 0.0)
        for _ in 0..<options.rounds {
            let before = (relay.peer.cpuSeconds, brokers.cpuSeconds)
            let result = try client.run(relay.url, seconds: options.seconds)
            cpu += relay.peer.cpuSeconds - before.0
            brokersCPU += brokers.cpuSeconds - before.1
            accepted += result.requests
            door.perSecond.append(result.perSecond)
            door.p50.append(result.p50Milliseconds)
            door.p99.append(result.p99Milliseconds)
            door.publisher.append(
                try BarePublisher.measure(
                    brokers.url, subject: subject, bytes: body.count, inFlight: options.connections,
                    seconds: options.seconds,
                    core: 0))
        }
        door.cpuMicroseconds = cpu / accepted * 1e6
        door.brokersMicroseconds = brokersCPU / accepted * 1e6
        return door
    }

    private struct Way {
        var perSecond: Double
        var cpuMicroseconds: Double
        var brokersMicroseconds: Double
        var residentMegabytes: Double
    }

    /// Sends for a while, and waits until all has arrived.
    private static func deliver(
        _ options: BenchmarkTool.Options, _ brokers: Brokers, _ client: Wrk, _ receiver: ReceivingNginx,
        _ directory: URL
    ) throws -> Way {
        let relay = try self.relay(
            "way", at: brokers, target: #"{"http":{"url":"\#(receiver.url)"},"concurrency":64}"#, in: directory)
        defer { relay.peer.stop() }
        let before = try receiver.received()
        let (cpu, brokersCPU, start) = (relay.peer.cpuSeconds, brokers.cpuSeconds, Date())
        let sent = try client.run(relay.url, seconds: options.seconds)
        let count = Double(try receiver.wait(for: before + Int(sent.requests) - 1) - before)
        let seconds = -start.timeIntervalSinceNow
        return Way(
            perSecond: count / seconds, cpuMicroseconds: (relay.peer.cpuSeconds - cpu) / count * 1e6,
            brokersMicroseconds: (brokers.cpuSeconds - brokersCPU) / count * 1e6,
            residentMegabytes: relay.peer.residentMegabytes)
    }

    /// A relay that runs, and where it takes events.
    struct Running {
        var peer: Peer
        var port: UInt16
        var url: String { "http://127.0.0.1:\(port)/s" }
    }

    /// How long a relay may say nothing of a delivery, where relays die.
    static let ackWaitMilliseconds = 2_000

    /// Starts a relay with one target on core 0. Relays of the same `name` share a stream.
    static func relay(
        _ name: String, at brokers: Brokers, target: String, in directory: URL
    ) throws -> Running {
        let port = Port.free()
        // Short: the control socket's path has at most 107 bytes.
        let home = directory.appendingPathComponent("\(name)-\(port)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        let configuration = home.appendingPathComponent("routes.json")
        try """
        {"listen":"127.0.0.1:\(port)","admin":null,"loops":1,
         "spool":{"path":"spool","max_size":"\(streamGigabytes)GB","jetstream":{
           "servers":["\(brokers.url)"],"name":"\(stream)-\(name)","ack_wait":"\(ackWaitMilliseconds)ms"}},
         "sources":{"s":{"path":"/s"}},"targets":{"t":\(target)},"routes":[{"name":"r","to":["t"]}]}
        """.write(to: configuration, atomically: true, encoding: .utf8)
        let peer = try Peer(
            [Workplace.binary.path, "run", "--config", configuration.path], core: 0, port: port, in: home)
        return Running(peer: peer, port: port)
    }
}
