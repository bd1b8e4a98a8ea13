import Foundation
import Testing

/// The relay as a service manager and its journal meet it.
struct ServiceTests {
    private func relay() throws -> RelayUnderTest {
        try RelayUnderTest(
            targets: #"{"f": {"file": {"path": "f.ndjson"}}}"#, routes: #"[{"name": "all", "to": ["f"]}]"#)
    }

    @Test func theManagerHearsOfReadinessReloadsLifeAndTheEnd() throws {
        let relay = try relay()
        let manager = try NotifySocket(path: relay.directory + "/notify")
        try relay.start(environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "300000"])
        try wait("it is ready") { manager.heard().contains { $0.hasPrefix("READY=1\nSTATUS=listening on 127.0.0.1:") } }
        try wait("it lives") { manager.heard().count { $0 == "WATCHDOG=1" } >= 3 }
        relay.signal(SIGHUP)
        try wait("it has reloaded") { manager.heard().count { $0.hasPrefix("READY=1") } == 2 }
        let reloading = manager.heard().firstIndex { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") }
        let ready = manager.heard().lastIndex { $0.hasPrefix("READY=1") }
        #expect(try #require(reloading) < #require(ready))
        #expect(relay.stop() == 0)
        #expect(manager.heard().contains { $0.hasPrefix("STOPPING=1") })
    }

    @Test func aWatchdogThatIsMeantForAnotherProcessIsLeftAlone() throws {
        let relay = try relay()
        let manager = try NotifySocket(path: relay.directory + "/notify")
        try relay.start(environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "300000", "WATCHDOG_PID": "1"])
        try wait("it is ready") { manager.heard().contains { $0.hasPrefix("READY=1") } }
        #expect(relay.stop() == 0)
        #expect(!manager.heard().contains("WATCHDOG=1"))
    }

    @Test func theJournalGetsLevelsAndNoTimesOfItsOwn() throws {
        let relay = try relay()
        _ = FileManager.default.createFile(atPath: relay.directory + "/log", contents: nil)
        var status = stat()
        #expect(stat(relay.directory + "/log", &status) == 0)
        try relay.start(environment: ["JOURNAL_STREAM": "\(status.st_dev):\(status.st_ino)"])
        try "{".write(toFile: relay.configurationPath, atomically: true, encoding: .utf8)
        #expect(try relay.verb("reload").code == 78)
        let lines = relay.log().split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("<6>ready listen=") })
        #expect(lines.contains { $0.hasPrefix("<3>the configuration has errors") })
        #expect(lines.allSatisfy { $0.hasPrefix("<") })
    }
}

/// The socket that a service manager listens on.
private final class NotifySocket {
    let path: String
    private let descriptor: Int32
    private var messages: [String] = []

    init(path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw RelayUnderTest.Timeout(description: "the socket \(path) could be bound") }
    }

    deinit { close(descriptor) }

    /// What has come so far.
    func heard() -> [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return messages }
            messages.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}
