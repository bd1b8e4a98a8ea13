import Foundation
import Testing

/// Memory that does not grow with what has gone through.
struct MemoryTests {
    private static let isFull = ProcessInfo.processInfo.environment["HOOKSWITCH_TESTS"] != nil

    /// Has wrk post a file's content over and over, and answers how often it was taken.
    private func post(_ body: String, to relay: RelayUnderTest, seconds: Int) throws -> Int {
        let script = relay.directory + "/post.lua"
        try "wrk.method = 'POST'\nlocal file = io.open('\(body)', 'rb')\nwrk.body = file:read('*a')\nfile:close()\n"
            .write(toFile: script, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/wrk")
        process.arguments = ["-t1", "-c64", "-d\(seconds)s", "-s", script, "http://127.0.0.1:\(relay.port)/s"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(!text.contains("Non-2xx"))
        let line = text.split(separator: "\n").first { $0.contains(" requests in ") } ?? "0"
        return Int(line.split(separator: " ").first ?? "") ?? 0
    }

    @Test(.enabled(if: isFull, "wrk is one of the peers that `Tests/run` installs"))
    func residentMemoryStaysUnderThirtyMegabytesAfterAMillionEvents() throws {
        let events = 1_000_000
        let relay = try RelayUnderTest(
            targets: #"{"f": {"file": {"path": "/dev/null"}}}"#, routes: #"[{"name": "all", "to": ["f"]}]"#,
            more: #""spool": {"path": "spool", "max_size": "2GB"},"#)
        try relay.start()
        let body = relay.directory + "/body.json"
        try Data(Payloads.event(1)).write(to: URL(fileURLWithPath: body))
        var sent = 0
        while sent < events { sent += try post(body, to: relay, seconds: 10) }
        try wait("everything is delivered", seconds: 120) {
            let status = try Sender(port: relay.admin).get("/api/v1/status").json()
            return status[key: "targets"]?[key: "f"]?[key: "waiting"]?.integer == 0
        }
        let resident = relay.residentMegabytes
        print("\(sent) events: \(Int(resident)) MB resident")
        #expect(resident < 30)
    }
}
