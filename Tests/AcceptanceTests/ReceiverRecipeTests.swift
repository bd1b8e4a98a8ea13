import Foundation
import Testing

/// The receiver of the documentation, run as it stands there.
struct ReceiverRecipeTests {
    private static func program() throws -> String {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Relay/Relay.docc/Targets.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let section = try #require(
            text.components(separatedBy: "## A receiver that takes each event once").dropFirst().first)
        let block = try #require(section.components(separatedBy: "```python\n").dropFirst().first)
        return try #require(block.components(separatedBy: "```").first)
    }

    /// The interpreter itself: what is called `python3` may be a script that starts it, which would get the signal in its stead.
    private static func interpreter() throws -> String {
        let asked = Process()
        asked.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        asked.arguments = ["python3", "-c", "import sys; print(sys.executable, end='')"]
        let pipe = Pipe()
        asked.standardOutput = pipe
        try asked.run()
        defer { asked.waitUntilExit() }
        return String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    }

    private func python(_ arguments: [String], in directory: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Self.interpreter())
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.standardError = FileHandle.nullDevice
        return process
    }

    @Test func whateverIsSentAgainItsWorkIsDoneOnce() throws {
        let port = Loopback.freePort()
        let relay = try RelayUnderTest(
            targets: #"{"shop": {"http": {"url": "http://127.0.0.1:\#(port)/"}, "retry": {"first": "100ms"}}}"#,
            routes: #"[{"name": "all", "to": ["shop"]}]"#)
        try Self.program().write(toFile: relay.directory + "/receiver.py", atomically: true, encoding: .utf8)
        let receiver = try python(["receiver.py", String(port)], in: relay.directory)
        try receiver.run()
        defer {
            // Not SIGTERM: a child inherits the signals that the thread which starts it has blocked.
            kill(receiver.processIdentifier, SIGKILL)
            receiver.waitUntilExit()
        }
        try wait("the receiver listens") { Loopback.connect(port).map { close($0) } != nil }
        try relay.start()
        for index in 1...10 { #expect(try relay.post(Payloads.event(index)).status == 202) }
        func delivered() throws -> Int {
            try relay.lines("spool/audit.ndjson").count { $0[key: "status"]?.string == "SUCCEEDED" }
        }
        try wait("all have come") { try delivered() == 10 }
        #expect(try relay.verb("replay", "--since", "1h", "--to", "shop").code == 0)
        try wait("all have come again") { try delivered() == 20 }
        #expect(try relay.verb("retry", "3/shop", "4/shop").code == 0)
        try wait("two have come a third time") { try delivered() == 22 }
        let count = try python(
            [
                "-c",
                "import sqlite3; print(sqlite3.connect('received.db').execute('SELECT count(*) FROM work').fetchone()[0])",
            ],
            in: relay.directory)
        let pipe = Pipe()
        count.standardOutput = pipe
        try count.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        count.waitUntilExit()
        #expect(text == "10\n")
    }
}
