import Foundation
import Relay

/// The whole way in: parse, verify the signature, scan, match 100 routes, write, fdatasync, 202. Against nginx's
/// `return 200`, which throws the body away. Both on core 0, in turn; the client on core 1.
///
/// The target of the events is paused: what is measured is accepting, and what that leaves behind.
enum Ingest {
    static let connections = 64
    static let routes = 100
    private static let secret = "benchmark"

    static func run(_ options: BenchmarkTool.Options) throws -> Report {
        let nginx = try Peer.path(of: "nginx", package: "nginx-light")
        let directory = try Workplace.make()
        defer { try? FileManager.default.removeItem(at: directory) }
        let ports = (relay: Port.free(), nginx: Port.free())
        let configuration = directory.appendingPathComponent("routes.json")
        try routesText(port: ports.relay).write(to: configuration, atomically: true, encoding: .utf8)
        try Workplace.nginx("server { listen 127.0.0.1:\(ports.nginx); location / { return 200; } }", in: directory)
        let reading = Configuration.read(path: configuration.path)
        guard let source = reading.configuration?.sources.first else {
            throw BenchmarkFault("the benchmark's own configuration: \(reading.findings.map(\.message))")
        }
        let body = Workplace.event()
        let client = try Wrk(
            body: body, headers: source.signatureHeaders(for: body, now: 0) + [("content-type", "application/json")],
            connections: connections, core: 1, in: directory)
        let relay = try Peer(
            [Workplace.binary.path, "run", "--config", configuration.path], core: 0, port: ports.relay, in: directory)
        let peer = try Peer(
            [nginx, "-p", directory.path, "-c", "nginx.conf", "-g", "daemon off;"], core: 0, port: ports.nginx,
            in: directory)
        defer {
            relay.stop()
            peer.stop()
        }
        var ours: [Wrk.Result] = []
        var theirs: [Wrk.Result] = []
        var cpu = 0.0
        for _ in 0..<options.rounds {
            let before = relay.cpuSeconds
            ours.append(try client.run("http://127.0.0.1:\(ports.relay)/voucherify", seconds: options.seconds))
            cpu += relay.cpuSeconds - before
            theirs.append(try client.run("http://127.0.0.1:\(ports.nginx)/", seconds: options.seconds))
        }
        let ratios = zip(ours, theirs).map { $0.perSecond / $1.perSecond }
        let accepted = ours.reduce(0) { $0 + $1.requests }
        return Report(
            title:
                "\(body.count) bytes an event, \(connections) connections, \(routes) routes, signature checked, fdatasync before each 202; medians of \(options.rounds) rounds",
            figures: [
                ("acks_per_second", median(ours.map(\.perSecond))),
                ("nginx_per_second", median(theirs.map(\.perSecond))),
                ("ratio_to_nginx", median(ratios)),
                ("p50_ms", median(ours.map(\.p50Milliseconds))),
                ("p99_ms", median(ours.map(\.p99Milliseconds))),
                ("nginx_p50_ms", median(theirs.map(\.p50Milliseconds))),
                ("nginx_p99_ms", median(theirs.map(\.p99Milliseconds))),
                ("cpu_us_per_ack", cpu / accepted * 1e6),
                ("events", accepted),
                ("resident_mb", relay.residentMegabytes),
            ])
    }

    private static func routesText(port: UInt16) -> String {
        let types = [
            "redemption.failed", "voucher.created", "campaign.updated", "customer.created", "publication.succeeded",
        ]
        var rules: [String] = []
        for number in 1..<routes {
            let type =
                number % 10 == 0
                ? "{ \"prefix\": \"campaign.\(number)\" }" : "\"\(types[number % types.count])\""
            rules.append(
                "{\"name\":\"r\(number)\",\"match\":{\"type\":[\(type)],\"event.event_source.channel\":[\"API\"],\"project_id\":[\"proj_\(number)\"]},\"to\":[\"t\"]}"
            )
        }
        rules.append(
            "{\"name\":\"all\",\"match\":{\"type\":[\"redemption.succeeded\"],\"source.object\":[\"webhook\"]},\"to\":[\"t\"]}"
        )
        return """
            {"listen":"127.0.0.1:\(port)","admin":null,"spool":{"path":"spool","min_free":"64MiB"},
             "sources":{"voucherify":{"path":"/voucherify","verify":{"scheme":"voucherify","secret":"\(secret)"},"envelope":"voucherify-2024-01-01"}},
             "targets":{"t":{"file":{"path":"out.ndjson"},"paused":true}},
             "routes":[\(rules.joined(separator: ",\n"))]}
            """
    }
}
