import Foundation
import Relay

/// The whole way of an event: parse, verify the signature, match, write, fdatasync, 202, deliver over libcurl to nginx, journal
/// the outcome. The relay on core 0, its sender (wrk) and its receiver (nginx) on core 1.
///
/// Events a second are counted from the first that is sent to the last that is received, so that nothing is left in a queue.
enum Deliver {
    static let connections = 64
    /// How many are under way at once to the one target, and to each of fifty: what a loaded endpoint is best served with. All go to the
    /// same one, so that each of fifty has less of it: 16 each, 800 in all, make every delivery dearer for both sides.
    static let concurrency = (one: 32, ofMany: 4)
    static let targets = 50
    static let hanging = 40
    private static let secret = "benchmark"

    static func run(_ options: BenchmarkTool.Options) throws -> Report {
        let directory = try Workplace.make()
        defer { try? FileManager.default.removeItem(at: directory) }
        let receiver = try ReceivingNginx(in: directory)
        defer { receiver.stop() }
        let body = Workplace.event()
        let file = directory.appendingPathComponent("body.json")
        try Data(body).write(to: file)
        // The headers that the relay sends, but for their values.
        let headers = [
            "content-type: application/json", "x-voucherify-signature: \(String(repeating: "0", count: 64))",
            "webhook-id: evt_00000000000000000000_00000", "webhook-timestamp: 1704107471", "webhook-attempt: 1",
            "traceparent: 00-00000000000000000000000000000001-0000000000000001-01", "user-agent: hookswitch/0.0.0",
            "expect:",
        ]
        var bare: [Double] = []
        var proxied: [Double] = []
        var (one, many): ([Run], [Run]) = ([], [])
        for _ in 0..<options.rounds {
            one.append(try measure(targets: 1, hanging: 0, options, receiver, directory))
            bare.append(
                try BareLibcurl.measure(
                    url: receiver.url, body: file, headers: headers, seconds: options.seconds, core: 0))
            proxied.append(try proxy(body, options, receiver, directory))
            many.append(try measure(targets: targets, hanging: 0, options, receiver, directory))
        }
        let lamed = try measure(targets: targets, hanging: hanging, options, receiver, directory)
        let latency = try Latency.measure(perSecond: 1000, seconds: options.seconds, in: directory)
        let places = try self.places.map {
            ("to_\($0.name)_per_second", try self.perSecond(at: $0, options, directory))
        }
        let perSecond = median(one.map(\.perSecond))
        let ofMany = median(many.map(\.perSecond))
        return Report(
            title:
                "\(body.count) bytes an event, signature checked, fdatasync before each 202, the relay on one core, "
                + "\(concurrency.one) under way; medians of \(options.rounds) rounds",
            figures: [
                ("deliveries_per_second", perSecond),
                ("libcurl_per_second", median(bare)),
                ("ratio_to_libcurl", median(zip(one, bare).map { $0.perSecond / $1 })),
                ("proxy_pass_per_second", median(proxied)),
                ("ratio_to_proxy_pass", median(zip(one, proxied).map { $0.perSecond / $1 })),
                ("cpu_us_per_delivery", median(one.map(\.cpuMicroseconds))),
                ("p50_ms", latency.p50Milliseconds),
                ("p99_ms", latency.p99Milliseconds),
                ("of_50_targets_per_second", ofMany),
                ("ratio_of_50_targets_to_one", median(zip(many, one).map { $0.perSecond / $1.perSecond })),
                ("of_10_beside_40_that_hang_per_second", lamed.perSecond),
                ("ratio_of_10_beside_40_that_hang", lamed.perSecond / (ofMany / Double(targets) * 10)),
                ("resident_mb", one.last?.residentMegabytes ?? 0),
            ] + places)
    }

    /// What one run came to.
    struct Run {
        var perSecond: Double
        var cpuMicroseconds: Double
        var residentMegabytes: Double
    }

    /// Sends for a while to a relay with so many targets, of which some hang, and waits until the others have everything.
    private static func measure(
        targets: Int, hanging: Int, _ options: BenchmarkTool.Options, _ receiver: ReceivingNginx, _ directory: URL
    ) throws -> Run {
        let port = Port.free()
        // Short: the control socket's path has at most 107 bytes.
        let place = directory.appendingPathComponent("relay-\(port)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: place) }
        let deaf = try DeafListener()
        defer { deaf.close() }
        let urls = (0..<targets).map { $0 < hanging ? "http://127.0.0.1:\(deaf.port)/" : receiver.url }
        let text = RelayText.routes(
            port: port, secret: secret, urls: urls, concurrency: targets == 1 ? concurrency.one : concurrency.ofMany)
        let configuration = place.appendingPathComponent("routes.json")
        try text.write(to: configuration, atomically: true, encoding: .utf8)
        let reading = Configuration.read(path: configuration.path)
        guard let source = reading.configuration?.sources.first else {
            throw BenchmarkFault("the benchmark's own configuration: \(reading.findings.map(\.message))")
        }
        let requests = (0..<targets).map { number in
            let body = Workplace.event(project: RelayText.project(number))
            return Wrk.Request(
                body: body, headers: source.signatureHeaders(for: body, now: 0) + [("content-type", "application/json")]
            )
        }
        let client = try Wrk(requests, connections: connections, core: 1, in: place)
        let relay = try Peer(
            [Workplace.binary.path, "run", "--config", configuration.path], core: 0, port: port, in: place)
        defer { relay.stop() }
        let before = try receiver.received()
        let cpu = relay.cpuSeconds
        let start = Date()
        let sent = try client.run("http://127.0.0.1:\(port)/voucherify", seconds: options.seconds)
        let wanted = Int(sent.requests) * (targets - hanging) / targets
        // Those that wrk had under way at its end are not among its requests; in turn, each target has as many as the next.
        let received = try receiver.wait(for: before + wanted - targets)
        let seconds = -start.timeIntervalSinceNow
        return Run(
            perSecond: Double(received - before) / seconds,
            cpuMicroseconds: (relay.cpuSeconds - cpu) / Double(received - before) * 1e6,
            residentMegabytes: relay.residentMegabytes)
    }

    /// nginx in the relay's place, which promises nothing.
    private static func proxy(
        _ body: [UInt8], _ options: BenchmarkTool.Options, _ receiver: ReceivingNginx, _ directory: URL
    ) throws -> Double {
        let port = Port.free()
        try Workplace.nginx(
            """
            upstream receiver { server 127.0.0.1:\(receiver.port); keepalive 64; }
            server { listen 127.0.0.1:\(port); location / {
              proxy_pass http://receiver; proxy_http_version 1.1; proxy_set_header connection ""; } }
            """, named: "proxy", in: directory)
        let nginx = try Peer.path(of: "nginx", package: "nginx-light")
        let proxy = try Peer(
            [nginx, "-p", directory.path, "-c", "proxy.conf", "-g", "daemon off;"], core: 0, port: port, in: directory)
        defer { proxy.stop() }
        let client = try Wrk(
            body: body, headers: [("content-type", "application/json")], connections: connections, core: 1,
            in: directory)
        return try client.run("http://127.0.0.1:\(port)/hooks", seconds: options.seconds).perSecond
    }
}
