import EventJSON
import Foundation
import Synchronization
import Testing

/// kill -9 at random moments, under load, with targets of each kind: what was answered 202 arrives or is reported.
struct KillTests {
    private static var kills: Int { ProcessInfo.processInfo.environment["HOOKSWITCH_TESTS"] != nil ? 200 : 6 }

    @Test func whatWasAnswered202ArrivesOrIsReportedWhateverIsKilled() throws {
        let receiver = Receiver { request, earlier in
            request.path == "/failing" || (request.path == "/flaky" && earlier % 7 == 0) ? .answer(503) : .answer(200)
        }
        let retry = #"{"attempts": 50, "first": "50ms", "factor": 2, "max": "500ms", "for": "10m"}"#
        let relay = try RelayUnderTest(
            targets: """
                {"web": {"http": {"url": "\(receiver.url("/web"))"}, "retry": \(retry)},
                 "flaky": {"http": {"url": "\(receiver.url("/flaky"))"}, "retry": \(retry), "breaker": {"after": 1000, "probe": "1s"}},
                 "failing": {"http": {"url": "\(receiver.url("/failing"))"}, "concurrency": 64, "breaker": {"after": 1000000, "probe": "1s"},
                             "retry": {"attempts": 2, "first": "50ms", "factor": 1, "max": "50ms", "for": "10m"}},
                 "file": {"file": {"path": "f.ndjson"}},
                 "file2": {"file": {"path": "g-${type}.ndjson"}},
                 "file3": {"file": {"path": "h.ndjson", "rotate": "256KiB"}},
                 "command": {"command": {"shell": "cat >> commands; echo >> commands"}, "concurrency": 1},
                 "command2": {"command": {"argv": ["/bin/true"]}},
                 "command3": {"command": {"argv": ["/usr/bin/cksum"]}}}
                """,
            routes: """
                [{"name": "all", "to": ["web", "flaky", "failing", "file", "file2", "file3"]},
                 {"name": "some", "match": {"data.n": [{"numeric": ["<", 200]}]}, "to": ["command", "command2", "command3"]}]
                """)
        try relay.start()
        let acked = Mutex<[Int]>([])
        let isOver = Mutex(false)
        let next = Mutex(0)
        let port = relay.port
        let senders = DispatchGroup()
        for _ in 0..<4 {
            senders.enter()
            Thread.detachNewThread {
                var sender = Sender(port: port)
                while !isOver.withLock({ $0 }) {
                    let number = next.withLock { number in
                        number += 1
                        return number
                    }
                    do {
                        let answer = try sender.post(Payloads.event(number, padding: number * 37 % 3000), to: "/s")
                        if answer.status == 202 { acked.withLock { $0.append(number) } }
                    } catch {
                        sender = Sender(port: port)
                        // The relay is being started again.
                        usleep(2000)
                    }
                }
                senders.leave()
            }
        }
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<Self.kills {
            // So many more acknowledgements, and then at any moment.
            let goal = acked.withLock { $0.count } + Int.random(in: 1...40, using: &generator)
            try wait("events are taken") { acked.withLock { $0.count } >= goal }
            relay.kill()
            try relay.start()
        }
        isOver.withLock { $0 = true }
        senders.wait()
        let taken = Set(acked.withLock { $0 })
        func number(_ body: [UInt8]) -> Int { (try? JSONDocument(body).root[key: "data"]?[key: "n"]?.integer) ?? 0 }
        func missing(at path: String) -> Int { taken.subtracting(receiver.bodies(path).map(number)).count }
        func missing(in files: [String], _ wanted: Set<Int>) -> Int {
            let lines = files.flatMap { relay.file($0)?.split(separator: 0x0A).map(Array.init) ?? [] }
            return wanted.subtracting(lines.map(number)).count
        }
        let few = taken.filter { $0 < 200 }
        try wait("everything has arrived or is reported", seconds: 240) {
            let status = try Sender(port: relay.admin).get("/api/v1/status").json()
            return (status[key: "targets"]?.members ?? []).allSatisfy { $0.value[key: "waiting"]?.integer == 0 }
                // What a cluster holds is known a moment later.
                && (EventPlace.isDirectory || missing(at: "/web") == 0)
        }
        if !EventPlace.isDirectory {
            try wait("the last of it") {
                missing(at: "/flaky") == 0 && missing(in: ["f.ndjson"], taken) == 0
                    && missing(in: ["g-redemption.succeeded.ndjson"], taken) == 0 && missing(in: ["commands"], few) == 0
            }
            try wait("the last failure") {
                try failures(of: "failing", in: relay).isSuperset(of: taken.map { "whs_\($0)" })
            }
        }
        let reported = try failures(of: "failing", in: relay)
        let rotated = try FileManager.default.contentsOfDirectory(atPath: relay.directory).filter { $0.hasPrefix("h") }
        #expect(missing(at: "/web") == 0)
        #expect(missing(at: "/flaky") == 0)
        #expect(taken.allSatisfy { reported.contains("whs_\($0)") })
        #expect(missing(in: ["f.ndjson"], taken) == 0)
        #expect(missing(in: ["g-redemption.succeeded.ndjson"], taken) == 0)
        #expect(missing(in: rotated, taken) == 0)
        #expect(missing(in: ["commands"], few) == 0)
        print(
            "\(taken.count) answered 202 over \(Self.kills) kills; delivered \(receiver.requests("/web").count) and \(receiver.requests("/flaky").count), \(reported.count) reported as failures"
        )
    }

    private func failures(of target: String, in relay: RelayUnderTest) throws -> Set<String> {
        Set(
            try relay.lines("spool/failures.ndjson").compactMap { line in
                line[key: "target"]?.string == target ? line[key: "webhook_id"]?.string : nil
            })
    }
}
