import Foundation

/// The client: wrk with one thread on a core of its own, or with one on each, which posts the same body over and over.
struct Wrk {
    /// What one run came to.
    struct Result {
        var requests: Double
        var perSecond: Double
        var p50Milliseconds: Double
        var p99Milliseconds: Double
        var errors: Int
    }

    private let program: String
    private let script: URL
    private let connections: Int
    private let core: Int?

    /// A request that is sent over and over.
    struct Request {
        var body: [UInt8]
        var headers: [(name: String, value: String)]
    }

    /// A client that posts `body` with these headers.
    init(body: [UInt8], headers: [(name: String, value: String)], connections: Int, core: Int?, in directory: URL)
        throws
    {
        try self.init([Request(body: body, headers: headers)], connections: connections, core: core, in: directory)
    }

    /// A client that posts these requests in turn.
    init(_ requests: [Request], connections: Int, core: Int?, in directory: URL) throws {
        program = try Peer.path(of: "wrk", package: "wrk")
        self.connections = connections
        self.core = core
        script = directory.appendingPathComponent("post-\(requests.count).lua")
        var lua = "local requests, next = {}, 0\nfunction init()\n"
        for (index, request) in requests.enumerated() {
            let file = directory.appendingPathComponent("body-\(index)-\(requests.count).json")
            try Data(request.body).write(to: file)
            let headers = request.headers.map { "['\($0.name)']='\($0.value)'" }.joined(separator: ",")
            lua += "local file = io.open('\(file.path)', 'rb')\n"
            lua += "requests[\(index + 1)] = wrk.format('POST', nil, {\(headers)}, file:read('*a'))\nfile:close()\n"
        }
        lua += "end\nfunction request()\nnext = next % \(requests.count) + 1\nreturn requests[next]\nend\n"
        try lua.write(to: script, atomically: true, encoding: .utf8)
    }

    /// Runs for so long.
    func run(_ url: String, seconds: Int) throws -> Result {
        let threads = core == nil ? min(connections, ProcessInfo.processInfo.activeProcessorCount) : 1
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Peer.path(of: "taskset", package: "util-linux"))
        process.arguments = [
            "-c", Peer.list(core), program, "-t\(threads)", "-c\(connections)", "-d\(seconds)s", "--latency", "-s",
            script.path,
            url,
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        var result = Result(requests: 0, perSecond: 0, p50Milliseconds: 0, p99Milliseconds: 0, errors: 0)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            switch words.first {
            case "50%": result.p50Milliseconds = Wrk.milliseconds(words[1])
            case "99%": result.p99Milliseconds = Wrk.milliseconds(words[1])
            case "Requests/sec:": result.perSecond = Double(words[1]) ?? 0
            case "Non-2xx": result.errors = words.last.flatMap { Int($0) } ?? 0
            default: if words.count > 2 && words[1] == "requests" { result.requests = Double(words[0]) ?? 0 }
            }
        }
        guard result.requests > 0 else { throw BenchmarkFault("wrk says nothing of requests:\n\(text)") }
        guard result.errors == 0 else { throw BenchmarkFault("\(result.errors) answers were no 2xx:\n\(text)") }
        return result
    }

    private static func milliseconds(_ text: String) -> Double {
        for (unit, factor) in [("us", 0.001), ("ms", 1), ("s", 1000), ("m", 60_000)] where text.hasSuffix(unit) {
            return (Double(text.dropLast(unit.count)) ?? 0) * factor
        }
        return 0
    }
}
