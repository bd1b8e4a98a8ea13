import CPlatform
import Foundation
import Platform
import Relay
import Synchronization

/// How long after its 202 an event is received, at so many a second: sender and receiver in a process of their own, on core 1.
enum Latency {
    static let name = "latency"
    /// Connections of the sender, each with an equal part of the events.
    static let senders = 4

    /// What was found.
    struct Result {
        var p50Milliseconds: Double
        var p99Milliseconds: Double
    }

    /// Starts a relay on core 0, and this program as its sender and receiver on core 1.
    static func measure(perSecond: Int, seconds: Int, in directory: URL) throws -> Result {
        let place = directory.appendingPathComponent("latency")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        let ports = (relay: Port.free(), receiver: Port.free())
        let configuration = place.appendingPathComponent("routes.json")
        let source =
            "\"voucherify\":{\"path\":\"/voucherify\",\"verify\":{\"scheme\":\"voucherify\",\"secret\":\"benchmark\"}}"
        try """
        {"listen":"127.0.0.1:\(ports.relay)","admin":null,"spool":{"path":"spool","min_free":"64MiB"},"sources":{\(source)},
         "targets":{"t":{"http":{"url":"http://127.0.0.1:\(ports.receiver)/"}}},"routes":[{"name":"r","to":["t"]}]}
        """.write(to: configuration, atomically: true, encoding: .utf8)
        let relay = try Peer(
            [Workplace.binary.path, "run", "--config", configuration.path], core: 0, port: ports.relay, in: place)
        defer { relay.stop() }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Peer.path(of: "taskset", package: "util-linux"))
        process.arguments = [
            "-c", "1", Workplace.tool.path, name, configuration.path, String(ports.relay), String(ports.receiver),
            String(perSecond), String(seconds),
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let figures = text.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        guard figures.count == 2 else { throw BenchmarkFault("the sender says nothing: \(text)") }
        return Result(p50Milliseconds: figures[0], p99Milliseconds: figures[1])
    }

    /// `latency CONFIGURATION RELAY-PORT RECEIVER-PORT EVENTS-A-SECOND SECONDS`
    static func run(_ arguments: ArraySlice<String>) throws {
        let arguments = Array(arguments)
        guard arguments.count == 5, let relay = UInt16(arguments[1]), let receiver = UInt16(arguments[2]),
            let perSecond = Int(arguments[3]), let seconds = Int(arguments[4]),
            let source = Configuration.read(path: arguments[0]).configuration?.sources.first
        else { throw BenchmarkFault("usage: \(name) CONFIGURATION RELAY-PORT RECEIVER-PORT EVENTS-A-SECOND SECONDS") }
        let times = Times(count: perSecond * seconds)
        try Receiver(port: receiver, times).start()
        let start = hs_monotonic_ns() + 50_000_000
        let group = DispatchGroup()
        for sender in 0..<senders {
            group.enter()
            Thread.detachNewThread {
                let numbers = stride(from: sender, to: times.count, by: senders)
                Sender(port: relay, source: source).send(numbers, from: start, perSecond: perSecond, times)
                group.leave()
            }
        }
        group.wait()
        let latencies = try times.latencies()
        StandardStream.output.write("\(latencies[latencies.count / 2]) \(latencies[latencies.count * 99 / 100])\n")
    }
}
