import Dispatch
import Glibc
import Platform
import Testing

@testable import HTTPServer

/// Several loops at one address.
struct LoopGroupTests {
    private func group(
        _ count: Int, at address: ListenAddress = .v4(0x7F00_0001, port: 0),
        limiting: (inout ServerLimits) -> Void = { _ in }
    ) throws -> GroupUnderTest {
        var limits = ServerLimits()
        limiting(&limits)
        return try GroupUnderTest(
            LoopGroup(count, listening: [ListenerSettings(address)], limits: limits, notice: { _ in }))
    }

    @Test(arguments: [1, 2, 4, 7]) func connectionsAreSpreadEvenly(loops: Int) throws {
        let group = try group(loops)
        let clients = try (0..<loops * 8).map { _ in try Client(at: group.address) }
        for client in clients {
            try client.send("POST", "/echo", "x")
            #expect(try client.answer().status == 200)
        }
        let loads = group.group.loops.map { $0.load.load(ordering: .relaxed) }
        #expect(loads.reduce(0, +) == clients.count)
        let (most, fewest) = (loads.max() ?? 0, loads.min() ?? 0)
        #expect(most - fewest <= 2, "\(loads)")
    }

    @Test func aUnixSocketIsServedByAllLoops() throws {
        let path = "/tmp/hookswitch-\(UInt64.random(in: 0 ..< .max)).sock"
        let group = try group(4, at: .unix(path: path, mode: 0o600))
        let clients = try (0..<40).map { _ in try Client(at: group.address) }
        for client in clients {
            try client.send("POST", "/echo", "x")
            #expect(try client.answer().status == 200)
        }
        #expect(group.group.loops.allSatisfy { $0.load.load(ordering: .relaxed) >= 9 })
    }

    @Test func theLimitsAreThoseOfAllLoopsTogether() throws {
        let group = try group(3) { $0.connections = 9 }
        let clients = try (0..<9).map { _ in try Client(at: group.address) }
        for client in clients {
            try client.send("POST /echo HTTP/1.1\r\n")
            while group.group.occupancy.heldBytes == 0 {}
        }
        while group.group.occupancy.openConnections < 9 {}
        #expect(try Client(at: group.address).answer().status == 503)
        for client in clients {
            try client.send("Host: a\r\n\r\n")
            #expect(try client.answer().status == 200)
        }
    }

    @Test func anIdleConnectionOfAnyLoopGivesWay() throws {
        let group = try group(4) { $0.connections = 1 }
        let clients = try (0..<12).map { number in
            let client = try Client(at: group.address)
            try client.send("POST", "/echo", "\(number)")
            #expect(try client.answer().body == "POST /echo \(number)")
            return client
        }
        for client in clients.dropLast() { #expect(try client.ends()) }
    }

    /// To be run with ThreadSanitizer as well: `Tests/run long` does.
    @Test func fourLoopsAnswerManyClientsAtOnce() throws {
        let group = try group(4) { $0.connections = 24 }
        let answered = Counter()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for round in 0..<25 {
                guard let client = try? Client(at: group.address) else { continue }
                for _ in 0..<4 {
                    try? client.send("POST", "/echo", String(repeating: "x", count: round * 400))
                    if (try? client.answer())?.status == 200 { answered.add() }
                }
                guard round % 3 == 0 else { continue }
                try? client.send("POST /echo HTTP/1.1\r\nHo")
                client.breakOff()
            }
        }
        #expect(answered.value == 8 * 25 * 4)
    }

    @Test func anAddressThatAnotherGroupHasIsAnError() throws {
        let first = try group(2)
        let settings = [ListenerSettings(first.address)]
        let error = #expect(throws: ListenError.self) {
            try LoopGroup(2, listening: settings, limits: ServerLimits(), notice: { _ in })
        }
        #expect(error?.errno == EADDRINUSE)
    }

    @Test func aGroupIsFollowedByAnotherAndNoClientIsRefused() throws {
        let first = try group(2)
        let isOver = Counter()
        let ended = Glimpsed<Result<Int, any Error>>()
        let address = first.address
        let thread = LoopThread(name: "client") {
            ended.put(
                Result {
                    var answers = 0
                    while isOver.value == 0 {
                        let client = try Client(at: address)
                        try client.send("POST", "/echo", "x")
                        guard try client.answer().status == 200 else { throw Unexpected("an answer that is none") }
                        answers += 1
                    }
                    return answers
                })
        }
        let second = try GroupUnderTest(
            LoopGroup(
                2, listening: [ListenerSettings(first.address)], limits: ServerLimits(), besideAnother: true,
                notice: { _ in }))
        first.group.stop(within: .seconds(10), handingOver: true)
        first.waitForEnd()
        let third = try GroupUnderTest(
            LoopGroup(
                2, listening: [ListenerSettings(first.address)], limits: ServerLimits(), besideAnother: true,
                notice: { _ in }))
        second.group.stop(within: .seconds(10), handingOver: true)
        second.waitForEnd()
        isOver.add()
        #expect(try ended.take().get() > 100)
        thread?.join()
        withExtendedLifetime(third) {}
    }

    @Test func aNewClientIsStillAnsweredWhileTheGroupStops() throws {
        let group = try group(2)
        let client = try Client(at: group.address)
        while group.group.occupancy.openConnections == 0 {}
        group.group.stop(within: .seconds(10))
        for loop in group.group.loops where loop.load.load(ordering: .relaxed) > 0 {
            let isStopping = Glimpsed<Bool>()
            loop.perform { isStopping.put(loop.stopDeadline != nil) }
            #expect(try isStopping.take())
        }
        try client.send("POST", "/echo", "x")
        let answer = try client.answer()
        #expect(answer.body == "POST /echo x")
        #expect(answer.headers["connection"] == "close")
    }
}
