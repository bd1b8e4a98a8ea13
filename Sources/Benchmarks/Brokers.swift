import Foundation

/// Three NATS brokers with JetStream on loopback, each of which syncs its disk before it answers.
final class Brokers {
    private let all: [Peer]
    /// Where clients go: all to the same one.
    let url: String

    /// Starts them. The program is what `NATS_SERVER` names, or an installed one.
    init(in directory: URL) throws {
        let program = try Brokers.program()
        let ports = (0..<3).map { _ in (client: Port.free(), route: Port.free()) }
        let routes = ports.map { "\"nats://127.0.0.1:\($0.route)\"" }.joined(separator: ", ")
        var brokers: [Peer] = []
        for (index, port) in ports.enumerated() {
            let name = "n\(index)"
            let file = directory.appendingPathComponent("\(name).conf")
            try """
            server_name: \(name)
            listen: "127.0.0.1:\(port.client)"
            max_payload: 2MB
            jetstream { store_dir: "\(directory.path)/\(name)", max_file_store: \(Clustered.streams * Clustered.streamGigabytes + 1)GB, sync_interval: always }
            cluster { name: c, listen: "127.0.0.1:\(port.route)", routes: [\(routes)] }
            """.write(to: file, atomically: true, encoding: .utf8)
            brokers.append(try Peer([program, "-c", file.path], core: nil, port: port.client, in: directory))
        }
        all = brokers
        url = "nats://127.0.0.1:\(ports[0].client)"
    }

    /// CPU time that all three have used, in seconds.
    var cpuSeconds: Double { all.reduce(0) { $0 + $1.cpuSeconds } }

    func stop() { for broker in all { broker.stop() } }

    private static func program() throws -> String {
        if let named = ProcessInfo.processInfo.environment["NATS_SERVER"] { return named }
        let build = Workplace.binary.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        for environment in ["peers", "cluster"] {
            let path = build.appendingPathComponent("\(environment)/bin/nats-server").path
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        return try Peer.path(of: "nats-server", package: "nats-server")
    }
}
