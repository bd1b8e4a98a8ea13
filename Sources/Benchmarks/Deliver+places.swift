import EventJSON
import Foundation
import Relay

/// Targets that are no endpoints: how fast a spool that holds events for them is emptied. The relay and what it starts have both
/// cores; nothing is sent meanwhile.
extension Deliver {
    /// What events go to.
    struct Place {
        var name: String
        /// The target, as the configuration has it.
        var target: String
    }

    /// A file, a program started for each event, and one that goes on running.
    static var places: [Place] {
        [
            Place(name: "file", target: #"{"file":{"path":"out.ndjson"}}"#),
            Place(name: "argv", target: #"{"command":{"argv":["/bin/true"]},"concurrency":8}"#),
            Place(
                name: "stream",
                target:
                    #"{"command":{"argv":["\#(Workplace.tool.path)","\#(Answering.name)"],"stream":true},"concurrency":256}"#
            ),
        ]
    }

    /// Fills a spool while the target is paused, lets it go on, and counts for as long as the options say.
    static func perSecond(at place: Place, _ options: BenchmarkTool.Options, _ directory: URL) throws -> Double {
        let home = directory.appendingPathComponent(place.name)
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: home) }
        let port = Port.free()
        let configuration = home.appendingPathComponent("routes.json")
        try """
        {"listen":"127.0.0.1:\(port)","admin":null,"spool":{"path":"spool","min_free":"64MiB"},
         "sources":{"s":{"path":"/s"}},"targets":{"t":\(place.target)},"routes":[{"name":"r","to":["t"]}]}
        """.write(to: configuration, atomically: true, encoding: .utf8)
        let relay = try Peer(
            [Workplace.binary.path, "run", "--config", configuration.path], core: nil, port: port, in: home)
        defer { relay.stop() }
        func verb(_ arguments: String...) throws -> JSONValue? {
            let process = Process()
            process.executableURL = Workplace.binary
            process.arguments = arguments + ["--config", configuration.path]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            let text = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw BenchmarkFault("hookswitch \(arguments) failed") }
            return try? JSONDocument(Array(text)).root
        }
        func waiting() throws -> Int {
            try verb("status", "--json")?[key: "targets"]?[key: "t"]?[key: "waiting"]?.integer ?? 0
        }
        _ = try verb("pause", "t")
        let client = try Wrk(
            body: Workplace.event(), headers: [("content-type", "application/json")], connections: connections, core: 1,
            in: home)
        _ = try client.run("http://127.0.0.1:\(port)/s", seconds: options.seconds)
        _ = try verb("resume", "t")
        let before = try waiting()
        let start = Date()
        var after = before
        while after > 0, -start.timeIntervalSinceNow < Double(options.seconds) {
            usleep(20_000)
            after = try waiting()
        }
        guard after < before else { throw BenchmarkFault("nothing was delivered to \(place.name)") }
        return Double(before - after) / -start.timeIntervalSinceNow
    }
}

/// A long-lived command that says of each line that all is well: what it costs is little beside what starts it.
enum Answering {
    static let name = "answering"

    static func run() {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let answer = Array("{\"ok\":true}\n".utf8)
        while true {
            let count = read(0, &buffer, buffer.count)
            guard count > 0 else { return }
            let lines = buffer[..<count].count { $0 == 0x0A }
            let answers = [[UInt8]](repeating: answer, count: lines).joined()
            FileHandle.standardOutput.write(Data(answers))
        }
    }
}
