import EventJSON
import Foundation
import Synchronization
import Testing

/// A configuration that is read anew while events come and go.
struct ReloadTests {
    private static let fileTarget = #"{"f": {"file": {"path": "f.ndjson"}}}"#
    private static let allToFile = #"[{"name": "all", "to": ["f"]}]"#

    @Test func reloadsAsFastAsTheyAreReadUnderLoadLoseNothingAndRepeatNothing() throws {
        let receiver = Receiver()
        let relay = try RelayUnderTest(targets: "{}", routes: "[]")
        // What stays, what is changed each time, and what comes and goes.
        func configure(_ round: Int) throws {
            let guest = round % 2 == 0 ? #", "guest": {"http": {"url": "\#(receiver.url("/guest"))"}}"# : ""
            try relay.configure(
                targets: """
                    {"web": {"http": {"url": "\(receiver.url("/web"))"}, "timeout": "\(10 + round % 3)s"},
                     "file": {"file": {"path": "f.ndjson"}, "rate": "\(100_000 + round)/s"}\(guest)}
                    """,
                routes: """
                    [{"name": "all", "to": ["web", "file"\(guest.isEmpty ? "" : #", "guest""#)]},
                     {"name": "round-\(round)", "to": ["web"]}]
                    """)
        }
        try configure(0)
        try relay.start()
        let isOver = Mutex(false)
        let next = Mutex(0)
        let acked = Mutex<[Int: Bool]>([:])
        let refused = Mutex(0)
        let port = relay.port
        let senders = DispatchGroup()
        for _ in 0..<4 {
            senders.enter()
            Thread.detachNewThread {
                let sender = Sender(port: port)
                while !isOver.withLock({ $0 }) {
                    let number = next.withLock { number in
                        number += 1
                        return number
                    }
                    guard let answer = try? sender.post(Payloads.event(number), to: "/s"), answer.status == 202,
                        let targets = try? answer.json()[key: "targets"]?.array?.compactMap(\.string)
                    else {
                        refused.withLock { $0 += 1 }
                        continue
                    }
                    acked.withLock { $0[number] = targets.contains("guest") }
                }
                senders.leave()
            }
        }
        for round in 1...30 {
            let count = relay.reloads
            try configure(round)
            relay.signal(SIGHUP)
            try wait("it is read") { relay.reloads > count }
            let before = acked.withLock(\.count)
            try wait("events are taken by it") { acked.withLock(\.count) >= before + 20 }
        }
        isOver.withLock { $0 = true }
        senders.wait()
        let taken = acked.withLock { $0 }
        #expect(refused.withLock { $0 } == 0)
        #expect(taken.count > 500)
        let guests = Set(taken.filter(\.value).keys)
        #expect(guests.count > 50 && guests.count < taken.count)
        func numbers(_ bodies: [[UInt8]]) -> [Int] {
            bodies.compactMap { try? JSONDocument($0).root[key: "data"]?[key: "n"]?.integer }
        }
        try wait("all has arrived") {
            let status = try Sender(port: relay.admin).get("/api/v1/status").json()
            return (status[key: "targets"]?.members ?? []).allSatisfy { $0.value[key: "waiting"]?.integer == 0 }
        }
        for (found, wanted) in [
            (numbers(receiver.bodies("/web")), Set(taken.keys)), (numbers(receiver.bodies("/guest")), guests),
            (numbers(relay.file("f.ndjson")?.split(separator: 0x0A).map(Array.init) ?? []), Set(taken.keys)),
        ] {
            #expect(Set(found) == wanted)
            #expect(found.count == wanted.count, "something came twice")
        }
        // A target that stays keeps its connections: 30 reloads make no new ones but for the guest's.
        #expect(receiver.connections <= 2 * 16)
        #expect(relay.stop() == 0)
    }

    @Test func whatChangedIsShownLoggedAndKeptInTheRecordOfOperations() throws {
        let relay = try RelayUnderTest(
            targets: #"{"f": {"file": {"path": "f.ndjson"}, "paused": true}, "g": {"file": {"path": "g.ndjson"}}}"#,
            routes: #"[{"name": "all", "to": ["f"]}]"#)
        try relay.start()
        #expect(try relay.post(Payloads.event(1)).status == 202)
        #expect(try relay.verb("reload").out.contains("says what it said before"))
        try wait("one waits") {
            try Sender(port: relay.admin).get("/api/v1/status").json()[key: "targets"]?[key: "f"]?[key: "waiting"]?
                .integer == 1
        }
        try relay.configure(
            targets: #"{"g": {"file": {"path": "g.ndjson"}, "rate": "5/s", "description": "slow"}}"#,
            routes: #"[{"name": "all", "to": ["g"]}, {"name": "more", "to": ["g"]}]"#)
        let output = try relay.verb("reload").out
        #expect(
            output == """
                the configuration is in force
                  target f removed
                  target g changed (rate)
                  route all changed
                  route more added

                """)
        #expect(relay.log().contains("target f removed; target g changed (rate); route all changed; route more added"))
        #expect(relay.log().contains("deliveries wait for a target that is no longer configured target=f waiting=1"))
        try "{".write(toFile: relay.configurationPath, atomically: true, encoding: .utf8)
        #expect(try relay.verb("reload").code == 78)
        relay.signal(SIGHUP)
        try wait("the operations are noted") { try relay.lines("spool/operations.ndjson").count == 4 }
        let lines = try relay.lines("spool/operations.ndjson")
        #expect(lines.allSatisfy { $0[key: "operation"]?.string == "reload" })
        #expect(lines.map { $0[key: "status"]?.integer } == [200, 200, 422, 422])
        #expect(lines.map { $0[key: "by"]?.string ?? "" } == Array(repeating: "control socket", count: 3) + ["SIGHUP"])
        #expect(lines[1][key: "changes"]?.array?.count == 4)
    }

    @Test func whatAnOperatorChangesIsNotedAndWhatHeAsksIsNot() throws {
        let relay = try RelayUnderTest(targets: Self.fileTarget, routes: Self.allToFile)
        try relay.start()
        #expect(try relay.verb("status").code == 0)
        _ = try relay.verb("retry", "7/f")
        try wait("the retry is noted") { try relay.lines("spool/operations.ndjson").count == 1 }
        let line = try relay.lines("spool/operations.ndjson")[0]
        #expect(line[key: "operation"]?.string == "retry")
        #expect(line[key: "request"]?[key: "deliveries"]?.array?.compactMap(\.string) == ["7/f"])
    }

    @Test func aReloadOfWhatStaysTheSameWarnsOfNothing() throws {
        let relay = try RelayUnderTest(
            targets: Self.fileTarget, routes: Self.allToFile, more: #""spool": {"path": "spool"},"#)
        try relay.start()
        #expect(try relay.verb("reload").out.contains("what it said before"))
        try wait("the log has it") { relay.log().contains("says what it said before") }
        #expect(!relay.log().contains("at the next start only"), "\(relay.log())")
        try relay.configure(
            targets: Self.fileTarget, routes: Self.allToFile, more: #""spool": {"path": "spool", "retain": "1h"},"#)
        _ = try relay.verb("reload")
        try wait("the log has it") { relay.log().contains("at the next start only") }
    }

    @Test func filesThatWereMovedAreOpenedAnew() throws {
        let relay = try RelayUnderTest(targets: Self.fileTarget, routes: Self.allToFile)
        try relay.start()
        #expect(try relay.post(Payloads.event(1)).status == 202)
        try wait("it is written") {
            try relay.lines("f.ndjson").count == 1 && relay.lines("spool/audit.ndjson").count == 1
        }
        for name in ["f.ndjson", "spool/audit.ndjson"] {
            try FileManager.default.moveItem(
                atPath: "\(relay.directory)/\(name)", toPath: "\(relay.directory)/\(name).1")
        }
        let count = relay.reloads
        relay.signal(SIGHUP)
        try wait("it is read") { relay.reloads > count }
        #expect(try relay.post(Payloads.event(2)).status == 202)
        try wait("it is written anew") {
            try relay.lines("f.ndjson").count == 1 && relay.lines("spool/audit.ndjson").count == 1
        }
        #expect(try relay.lines("f.ndjson.1").count == 1)
    }
}

extension RelayUnderTest {
    /// How often the daemon has said that it read its configuration anew.
    fileprivate var reloads: Int {
        ((try? lines("spool/operations.ndjson")) ?? []).count { $0[key: "operation"]?.string == "reload" }
    }
}
