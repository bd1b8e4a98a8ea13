import EventJSON
import Foundation
import Testing

/// Descriptors, threads, children and memory are back where they were after many deliveries.
struct LeakTests {
    private static let isFull = ProcessInfo.processInfo.environment["HOOKSWITCH_TESTS"] != nil

    private struct Standing {
        var descriptors: Int
        var threads: Int
        var children: Int
        var megabytes: Double
    }

    private func standing(of relay: RelayUnderTest) throws -> Standing {
        let process = "/proc/\(relay.pid)"
        let tasks = try FileManager.default.contentsOfDirectory(atPath: process + "/task")
        let children = tasks.map {
            ((try? String(contentsOfFile: "\(process)/task/\($0)/children", encoding: .utf8)) ?? "")
                .split(separator: " ").count
        }
        return Standing(
            descriptors: try FileManager.default.contentsOfDirectory(atPath: process + "/fd").count,
            threads: tasks.count, children: children.reduce(0, +), megabytes: relay.residentMegabytes)
    }

    private func succeeded(_ target: String, _ relay: RelayUnderTest) throws -> Int {
        let status = try JSONDocument(Array(relay.verb("status", "--json").out.utf8)).root
        let one = status[key: "targets"]?[key: target]
        #expect(one?[key: "failed"]?.integer == 0)
        return one?[key: "succeeded"]?.integer ?? 0
    }

    /// Sends so many events to a path over a few connections.
    private func send(_ count: Int, to path: String, _ relay: RelayUnderTest) {
        let port = relay.port
        let body = Payloads.event(1)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            let sender = Sender(port: port)
            for _ in 0..<(count / 8) where (try? sender.post(body, to: path).status) != 202 {
                Issue.record("an event was not taken")
            }
        }
    }

    @Test(arguments: [(http: isFull ? 100_000 : 2_000, commands: isFull ? 10_000 : 400)])
    func manyDeliveriesAndCommandsLeaveNothingBehind(http: Int, commands: Int) throws {
        let receiver = Receiver(keepingRequests: false)
        let relay = try RelayUnderTest(
            sources: #"{"h": {"path": "/h"}, "c": {"path": "/c"}}"#,
            targets: """
                {"t": {"http": {"url": "\(receiver.url("/t"))"}},
                 "c": {"command": {"argv": ["/bin/sh", "-c", "test \\"$(echo /proc/self/fd/*)\\" = '/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3'"]}}}
                """,
            routes: #"[{"name": "h", "from": ["h"], "to": ["t"]}, {"name": "c", "from": ["c"], "to": ["c"]}]"#)
        try relay.start()
        // Caches fill and connections are made with the first of them.
        send(800, to: "/h", relay)
        send(80, to: "/c", relay)
        try wait("the first are delivered", seconds: 60) {
            try succeeded("t", relay) == 800 && succeeded("c", relay) == 80
        }
        let before = try standing(of: relay)
        send(http, to: "/h", relay)
        send(commands, to: "/c", relay)
        try wait("all are delivered", seconds: 300) {
            try succeeded("t", relay) == 800 + http && succeeded("c", relay) == 80 + commands
        }
        try wait("everything is back") {
            let after = try standing(of: relay)
            // Idle threads of the pools go after seconds, and a listing of descriptors holds one.
            return after.descriptors <= before.descriptors + 8 && after.threads <= before.threads + 2
                && after.children == 0
        }
        let after = try standing(of: relay)
        print("\(http) deliveries and \(commands) commands: \(before), then \(after)")
        #expect(after.megabytes < before.megabytes + 12)
    }
}
