import CPlatform
import EventJSON
import Foundation
import Relay

/// The built binary in a directory of its own, with a configuration of the test's. It is killed when the test lets go of it.
final class RelayUnderTest {
    /// What a command printed and how it ended.
    struct Output {
        var code: Int32
        var out: String
        var error: String
    }

    /// Something that did not come to pass in time.
    struct Timeout: Error, CustomStringConvertible {
        var description: String
    }

    let directory: String
    let port: UInt16
    let admin: UInt16
    private var process: Process?

    /// A relay with these sources, targets and routes (texts of JSON); it is not started.
    init(sources: String = RelayUnderTest.openSource, targets: String, routes: String, more: String = "") throws {
        directory = NSTemporaryDirectory() + "hookswitch-\(UUID().uuidString)"
        port = Loopback.freePort()
        admin = Loopback.freePort()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try configure(sources: sources, targets: targets, routes: routes, more: more)
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: directory)
    }

    static let openSource = #"{"s": {"path": "/s"}}"#
    static let voucherifySource = """
        {"voucherify": {"path": "/voucherify", "verify": {"scheme": "voucherify", "secret": "s3cr3t-key"}, \
        "envelope": "voucherify-2024-01-01"}}
        """
    /// A schedule that is over soon.
    static let quickRetry = #"{"attempts": 3, "first": "50ms", "factor": 2, "max": "200ms", "for": "1m"}"#

    var configurationPath: String { directory + "/routes.json" }
    var spool: String { directory + "/spool" }
    var pid: Int32 { process?.processIdentifier ?? 0 }
    var isRunning: Bool { process?.isRunning ?? false }

    /// Writes the configuration anew.
    func configure(
        sources: String = RelayUnderTest.openSource, targets: String, routes: String, more: String = ""
    ) throws {
        let text = """
            {"listen": "127.0.0.1:\(port)", "admin": "127.0.0.1:\(admin)", \(EventPlace.named(directory, in: more))
             "sources": \(sources),
             "targets": \(targets),
             "routes": \(routes)}
            """
        try text.write(toFile: configurationPath, atomically: true, encoding: .utf8)
    }

    static var binary: URL {
        // A release is measured where one was built; else the binary that stands beside the tests' own bundle.
        if let named = ProcessInfo.processInfo.environment["HOOKSWITCH_BINARY"] { return URL(fileURLWithPath: named) }
        return Bundle.module.bundleURL.deletingLastPathComponent().appendingPathComponent("hookswitch")
    }

    /// Starts the daemon, with more in its environment; returns when it is ready.
    func start(environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = RelayUnderTest.binary
        process.arguments = ["run", "--config", configurationPath]
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let log = directory + "/log"
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        guard let handle = FileHandle(forWritingAtPath: log) else {
            throw Timeout(description: "the log can be written")
        }
        try handle.seekToEnd()
        process.standardError = handle
        process.standardOutput = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.process = process
        try wait("the relay is ready") {
            if !process.isRunning {
                throw Timeout(description: "the relay ended with \(process.terminationStatus): \(self.log(last: 800))")
            }
            return (try? Sender(port: admin).get("/readyz").status) == 200
        }
    }

    /// kill -9.
    func kill() {
        guard let process, process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// SIGTERM; answers the exit code.
    func stop() -> Int32 {
        guard let process else { return -1 }
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        return process.terminationStatus
    }

    func signal(_ number: Int32) { Foundation.kill(pid, number) }

    /// The end of the daemon's log.
    func log(last count: Int = 10_000) -> String {
        String((try? String(contentsOfFile: directory + "/log", encoding: .utf8))?.suffix(count) ?? "")
    }

    /// Runs a verb on this relay's configuration.
    func verb(_ arguments: String..., input: [UInt8]? = nil) throws -> Output {
        let withConfig =
            ["version", "help"].contains(arguments[0]) ? arguments : arguments + ["--config", configurationPath]
        return try RelayUnderTest.run(withConfig, in: directory, input: input)
    }

    /// Runs the binary.
    static func run(
        _ arguments: [String], in directory: String, input: [UInt8]? = nil, environment: [String: String] = [:]
    )
        throws -> Output
    {
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let files = ["out", "err", "in"].map { directory + "/verb-\(UUID().uuidString).\($0)" }
        for file in files { _ = FileManager.default.createFile(atPath: file, contents: nil) }
        try Data(input ?? []).write(to: URL(fileURLWithPath: files[2]))
        process.standardOutput = FileHandle(forWritingAtPath: files[0])
        process.standardError = FileHandle(forWritingAtPath: files[1])
        process.standardInput = FileHandle(forReadingAtPath: files[2])
        try process.run()
        process.waitUntilExit()
        let texts = try files[..<2].map {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self)
        }
        for file in files { try FileManager.default.removeItem(atPath: file) }
        return Output(code: process.terminationStatus, out: texts[0], error: texts[1])
    }

    /// Posts a body, signed as the source expects.
    func post(_ body: [UInt8], to path: String = "/s", headers: [(String, String)] = []) throws -> Sender.Answer {
        try Sender(port: port).post(body, to: path, headers: headers + signature(for: body, at: path))
    }

    /// The headers that a sender who knows the source's secret adds.
    func signature(for body: [UInt8], at path: String) -> [(String, String)] {
        let configuration = Configuration.read(path: configurationPath).configuration
        let source = configuration?.sources.first { $0.path == path }
        return (source?.signatureHeaders(for: body, now: hs_wall_ms()) ?? []).map { ($0.name, $0.value) }
    }

    /// The lines of a file in the relay's directory, as JSON.
    func lines(_ path: String) throws -> [JSONValue] {
        let file = directory + "/" + path
        guard let text = try? Data(contentsOf: URL(fileURLWithPath: file)) else { return [] }
        return try text.split(separator: 0x0A).map { try JSONDocument(Array($0)).root }
    }

    /// The daemon's resident memory in megabytes.
    var residentMegabytes: Double {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/statm", encoding: .utf8)) ?? ""
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1e6
    }
}

/// Waits for a condition: looks often, and gives up after half a minute.
func wait(_ what: String, seconds: Double = 30, until condition: () throws -> Bool) throws {
    let end = Date().addingTimeInterval(seconds)
    while !(try condition()) {
        guard Date() < end else { throw RelayUnderTest.Timeout(description: "it never came to pass that \(what)") }
        var pause = timespec(tv_sec: 0, tv_nsec: 5_000_000)
        nanosleep(&pause, nil)
    }
}
