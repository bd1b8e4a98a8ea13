import Foundation
import Testing

/// What commands leave behind.
struct OrphanTests {
    private func children(of pid: Int32) -> [String] {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return tasks.flatMap { task in
            ((try? String(contentsOfFile: "/proc/\(pid)/task/\(task)/children", encoding: .utf8)) ?? "")
                .split(separator: " ").map(String.init)
        }
    }

    @Test func aGroupThatIsKilledAtTheTimeoutLeavesNoProcessBehindNotEvenAsAZombie() throws {
        let relay = try RelayUnderTest(
            targets: """
                {"slow": {"command": {"argv": ["/bin/sh", "-c", "sleep 300 & echo $! > child; wait"]}, "timeout": "300ms",
                 "retry": {"attempts": 1}}}
                """,
            routes: #"[{"name": "all", "to": ["slow"]}]"#)
        try relay.start()
        #expect(try relay.post(Array("{}".utf8)).status == 202)
        try wait("it is given up") { try !relay.lines("spool/failures.ndjson").isEmpty }
        let child = try String(contentsOfFile: relay.directory + "/child", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        try wait("its child is gone") { !FileManager.default.fileExists(atPath: "/proc/\(child)") }
        try wait("no child is left") { children(of: relay.pid).isEmpty }
    }

    @Test func whatAScriptLeavesBehindIsCollectedWhileOthersKeepTheirExits() throws {
        let relay = try RelayUnderTest(
            targets: """
                {"background": {"command": {"argv": ["/bin/sh", "-c", "(setsid sh -c 'sleep 0.2; exit 9' &); exit 0"]}},
                 "exits": {"command": {"argv": ["/bin/sh", "-c", "sleep 0.1; exit 3"]}, "retry": {"attempts": 1},
                  "breaker": {"after": 1000}}}
                """,
            routes: #"[{"name": "all", "to": ["background", "exits"]}]"#)
        try relay.start()
        for _ in 0..<20 { #expect(try relay.post(Array("{}".utf8)).status == 202) }
        try wait("all have ended") {
            try relay.lines("spool/audit.ndjson").count == 40
        }
        for line in try relay.lines("spool/audit.ndjson") {
            let exit = line[key: "response"]?[key: "exit"]?.integer
            #expect(exit == (line[key: "target"]?.string == "exits" ? 3 : 0))
        }
        try wait("no child is left") { children(of: relay.pid).isEmpty }
    }
}
