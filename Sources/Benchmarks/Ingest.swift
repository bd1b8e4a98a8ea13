import Foundation
import Relay

/// The whole way in: parse, verify the signature, scan, match 100 routes, write, fdatasync, 202. Against nginx's
/// `return 200`, which throws the body away. Both on core 0, in turn; the client on core 1.
///
/// With more than one loop both servers and the client have all cores: then CPU time a request is what to look at. The
/// target of the events is paused: what is measured is accepting, and what that leaves behind.
enum Ingest {
    static let routes = 100
    private static let secret = "benchmark"

    /// What both servers are run with.
    struct Setting {
        /// Event loops, and nginx's workers.
        var loops = 1
        var usesTLS = false
        var syncs = true

        /// Takes an argument, with its value out of `rest`. False if it is none.
        mutating func take(_ name: String, _ rest: inout ArraySlice<String>) -> Bool {
            switch name {
            case "--tls": usesTLS = true
            case "--sync":
                guard let value = rest.popFirst(), ["always", "never"].contains(value) else { return false }
                syncs = value == "always"
            case "--loops":
                guard let value = rest.popFirst().flatMap({ Int($0) }), (1...4000).contains(value) else { return false }
                loops = value
            default: return false
            }
            return true
        }

        var core: Int? { loops == 1 ? 0 : nil }
        var scheme: String { usesTLS ? "https" : "http" }
        var text: String {
            "\(usesTLS ? "TLS, " : "")\(loops == 1 ? "one loop" : "\(loops) loops"), "
                + "\(routes) routes, signature checked, \(syncs ? "fdatasync before each 202" : "sync: never")"
        }
    }

    static func run(_ options: BenchmarkTool.Options) throws -> Report {
        let setting = options.ingest
        let nginx = try Peer.path(of: "nginx", package: "nginx-light")
        let directory = try Workplace.make()
        defer { try? FileManager.default.removeItem(at: directory) }
        let ports = (relay: Port.free(), nginx: Port.free())
        let pair = setting.usesTLS ? try Workplace.certificate(in: directory) : nil
        let configuration = directory.appendingPathComponent("routes.json")
        try routesText(port: ports.relay, setting, pair).write(to: configuration, atomically: true, encoding: .utf8)
        let tls = pair.map { " ssl; ssl_certificate \($0.certificate); ssl_certificate_key \($0.key)" } ?? ""
        try Workplace.nginx(
            "server { listen 127.0.0.1:\(ports.nginx)\(tls); location / { return 200; } }", workers: setting.loops,
            in: directory)
        let reading = Configuration.read(path: configuration.path)
        guard let source = reading.configuration?.sources.first else {
            throw BenchmarkFault("the benchmark's own configuration: \(reading.findings.map(\.message))")
        }
        let body = Workplace.event()
        let client = try Wrk(
            body: body, headers: source.signatureHeaders(for: body, now: 0) + [("content-type", "application/json")],
            connections: options.connections, core: setting.loops == 1 ? 1 : nil, in: directory)
        let relay = try Peer(
            [Workplace.binary.path, "run", "--config", configuration.path], core: setting.core, port: ports.relay,
            in: directory)
        let peer = try Peer(
            [nginx, "-p", directory.path, "-c", "nginx.conf", "-g", "daemon off;"], core: setting.core,
            port: ports.nginx, in: directory)
        defer {
            relay.stop()
            peer.stop()
        }
        var ours: [Wrk.Result] = []
        var theirs: [Wrk.Result] = []
        var (cpu, nginxCPU) = (0.0, 0.0)
        for _ in 0..<options.rounds {
            let (before, nginxBefore) = (relay.cpuSeconds, peer.cpuSeconds)
            ours.append(
                try client.run("\(setting.scheme)://127.0.0.1:\(ports.relay)/voucherify", seconds: options.seconds))
            theirs.append(try client.run("\(setting.scheme)://127.0.0.1:\(ports.nginx)/", seconds: options.seconds))
            (cpu, nginxCPU) = (cpu + relay.cpuSeconds - before, nginxCPU + peer.cpuSeconds - nginxBefore)
        }
        let ratios = zip(ours, theirs).map { $0.perSecond / $1.perSecond }
        let accepted = ours.reduce(0) { $0 + $1.requests }
        return Report(
            title:
                "\(body.count) bytes an event, \(options.connections) connections, \(setting.text); medians of \(options.rounds) rounds",
            figures: [
                ("acks_per_second", median(ours.map(\.perSecond))),
                ("nginx_per_second", median(theirs.map(\.perSecond))),
                ("ratio_to_nginx", median(ratios)),
                ("p50_ms", median(ours.map(\.p50Milliseconds))),
                ("p99_ms", median(ours.map(\.p99Milliseconds))),
                ("nginx_p50_ms", median(theirs.map(\.p50Milliseconds))),
                ("nginx_p99_ms", median(theirs.map(\.p99Milliseconds))),
                ("cpu_us_per_ack", cpu / accepted * 1e6),
                ("nginx_cpu_us_per_request", nginxCPU / theirs.reduce(0) { $0 + $1.requests } * 1e6),
                ("events", accepted),
                ("resident_mb", relay.residentMegabytes),
            ])
    }

    private static func routesText(port: UInt16, _ setting: Setting, _ pair: (certificate: String, key: String)?)
        -> String
    {
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
        let tls = pair.map { "\"tls\":{\"certificate\":\"\($0.certificate)\",\"key\":\"\($0.key)\"}," } ?? ""
        return """
            {"listen":"127.0.0.1:\(port)","admin":null,"loops":\(setting.loops),\(tls)
             "spool":{"path":"spool","min_free":"64MiB","sync":"\(setting.syncs ? "always" : "never")"},
             "sources":{"voucherify":{"path":"/voucherify","verify":{"scheme":"voucherify","secret":"\(secret)"},"envelope":"voucherify-2024-01-01"}},
             "targets":{"t":{"file":{"path":"out.ndjson"},"paused":true}},
             "routes":[\(rules.joined(separator: ",\n"))]}
            """
    }
}
