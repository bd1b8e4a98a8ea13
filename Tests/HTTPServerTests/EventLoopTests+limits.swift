import Synchronization
import Testing

@testable import HTTPServer

extension EventLoopTests {
    /// What is too much or too slow.
    struct Limits {
        @Test func aBodyOverTheLimitIsRefusedBeforeItComes() throws {
            let client = try Client(try ServerUnderTest.shared)
            try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n")
            let answer = try client.answer()
            #expect(answer.status == 413)
            #expect(answer.headers["connection"] == "close")
            #expect(try client.ends())
        }

        @Test func aClientThatSendsItsBodyAllTheSameStillReadsTheRefusal() throws {
            let client = try Client(try ServerUnderTest.shared)
            try client.send("POST", "/echo", String(repeating: "x", count: 3_000_000))
            #expect(try client.answer().status == 413)
            client.finish()
            #expect(try client.ends())
        }

        @Test func aClientThatNeverStopsSendingIsCutOff() throws {
            let client = try Client(try ServerUnderTest.shared)
            try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
            #expect(throws: (any Error).self) { try client.send([UInt8](repeating: 0x78, count: 100_000_000)) }
        }

        @Test func aChunkedBodyOverTheLimitIs413() throws {
            let client = try Client(try ServerUnderTest.shared)
            try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n")
            #expect(try client.answer().status == 413)
            #expect(try client.ends())
        }

        @Test(arguments: [(999, 200), (1000, 200), (1001, 431)])
        func headersOfTheLimitAreTakenAndOneMoreByteIs431(length: Int, status: Int) throws {
            let server = try ServerUnderTest { $0.headerBytes = 1000 }
            let client = try Client(server)
            let begin = "GET /echo HTTP/1.1\r\nHost: a\r\nX: "
            try client.send(begin + String(repeating: "x", count: length - begin.utf8.count - 4) + "\r\n\r\n")
            #expect(try client.answer().status == status)
        }

        @Test(arguments: [(99_999, 200), (100_000, 200), (100_001, 413)])
        func aBodyOfTheLimitIsTakenAndOneMoreByteIs413(length: Int, status: Int) throws {
            let client = try Client(try ServerUnderTest.shared)
            try client.send("POST", "/echo", String(repeating: "x", count: length))
            #expect(try client.answer().status == status)
        }

        @Test func headersOverTheLimitAre431() throws {
            let client = try Client(try ServerUnderTest.shared)
            try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 20_000))
            #expect(try client.answer().status == 431)
            #expect(try client.ends())
        }

        @Test func aTargetOverTheLimitIs414() throws {
            let client = try Client(try ServerUnderTest.shared)
            try client.send("POST /" + String(repeating: "x", count: 20_000))
            #expect(try client.answer().status == 414)
        }

        @Test func emptyLinesWithoutEndAreRefused() throws {
            let client = try Client(try ServerUnderTest.shared)
            try client.send(String(repeating: "\r\n", count: 20_000))
            #expect(try client.answer().status == 400)
            #expect(try client.ends())
        }

        @Test func headersThatDoNotComeAre408() throws {
            let server = try ServerUnderTest { $0.headerTimeout = .milliseconds(10) }
            let client = try Client(server)
            try client.send("POST /echo HTTP/1.1\r\nHost:")
            #expect(try client.answer().status == 408)
            #expect(try client.ends())
        }

        @Test func headersThatBeginBehindAnotherRequestHaveNoMoreTime() throws {
            let server = try ServerUnderTest { $0.headerTimeout = .milliseconds(10) }
            let client = try Client(server)
            try client.send("GET /echo HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost:")
            #expect(try client.answer().status == 200)
            #expect(try client.answer().status == 408)
        }

        @Test(arguments: ["Content-Length: 3\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"])
        func aBodyThatDoesNotComeIs408(rest: String) throws {
            let server = try ServerUnderTest { $0.bodyTimeout = .milliseconds(10) }
            let client = try Client(server)
            try client.send("POST /echo HTTP/1.1\r\nHost: a\r\n" + rest)
            #expect(try client.answer().status == 408)
            #expect(try client.ends())
        }

        @Test func anIdleConnectionIsClosedWithoutAWord() throws {
            let server = try ServerUnderTest { $0.idleTimeout = .milliseconds(10) }
            let silent = try Client(server)
            let client = try Client(server)
            try client.send("POST", "/echo", "x")
            #expect(try client.answer().status == 200)
            #expect(try client.ends())
            #expect(try silent.ends())
        }

        @Test func anAnswerThatTakesLongIsNoFaultOfTheClient() throws {
            let server = try ServerUnderTest {
                ($0.headerTimeout, $0.bodyTimeout, $0.idleTimeout) =
                    (.milliseconds(10), .milliseconds(10), .milliseconds(10))
            }
            let client = try Client(server)
            try client.send("POST", "/later", "x")
            try server.waitForHeld(1)
            #expect(try Client(server).ends())
            try server.look { $0.answerHeld() }
            #expect(try client.answer().body == "POST /later x")
        }

        @Test func asManyIdleConnectionsAreKeptAsTheLimitSays() throws {
            let server = try ServerUnderTest { $0.connections = 3 }
            let clients = try (0..<3).map { _ in try Client(server) }
            for _ in 0..<3 {
                for client in clients {
                    try client.send("POST", "/echo", "x")
                    #expect(try client.answer().status == 200)
                }
            }
        }

        @Test func pastTheLimitTheLongestIdleConnectionGivesWay() throws {
            let server = try ServerUnderTest { $0.connections = 2 }
            let clients = try (0..<2).map { _ in try Client(server) }
            for client in clients {
                try client.send("POST", "/echo", "x")
                #expect(try client.answer().status == 200)
            }
            let another = try Client(server)
            try another.send("POST", "/echo", "x")
            #expect(try another.answer().status == 200)
            #expect(try clients[0].ends())
            try clients[1].send("POST", "/echo", "x")
            #expect(try clients[1].answer().status == 200)
        }

        @Test func pastTheLimitAClientIsSentAwayWhileAllOthersAreBusy() throws {
            let notices = Counter()
            let server = try ServerUnderTest(limiting: { $0.connections = 1 }, notice: { _ in notices.add() })
            let busy = try Client(server)
            try busy.send("POST", "/later", "x", headers: "Connection: close")
            try server.waitForHeld(1)
            for _ in 0..<3 {
                let another = try Client(server)
                let answer = try another.answer()
                #expect(answer.status == 503)
                #expect(answer.headers["retry-after"] == "10")
                another.finish()
                #expect(try another.ends())
            }
            #expect(notices.value == 1)
            try server.look { $0.answerHeld() }
            #expect(try busy.answer().status == 200)
            #expect(try busy.ends())
            busy.breakOff()
            try server.wait { $0.loop.open == 0 }
            let next = try Client(server)
            try next.send("POST", "/echo", "y")
            #expect(try next.answer().body == "POST /echo y")
        }

        @Test func whoIsSentAwayTakesNoPlace() throws {
            let server = try ServerUnderTest { $0.connections = 1 }
            let busy = try Client(server)
            try busy.send("POST", "/later", "x")
            try server.waitForHeld(1)
            // These have read their answers, and stay.
            let others = try (0..<EventLoop.turnedAwayLimit - 1).map { _ in try Client(server) }
            for other in others { #expect(try other.answer().status == 503) }
            #expect(server.group.occupancy.openConnections == 1)
            try server.look { $0.answerHeld() }
            #expect(try busy.answer().status == 200)
            // That nobody was idle is believed for some milliseconds: whoever comes then is told to come again.
            var answer: Answer?
            while answer == nil || answer?.status == 503 {
                let next = try Client(server)
                try? next.send("POST", "/echo", "y")
                answer = try next.answer()
            }
            #expect(answer?.body == "POST /echo y")
        }

        @Test(arguments: [1, 2, 3]) func oneAddressHasNoMoreConnectionsThanItsShare(share: Int) throws {
            let server = try ServerUnderTest { $0.connectionsPerAddress = share }
            var clients = try (0..<share).map { _ in try Client(server) }
            for client in clients {
                try client.send("POST", "/echo", "x")
                #expect(try client.answer().status == 200)
            }
            let another = try Client(server)
            #expect(try another.answer().status == 503)
            clients.removeLast()
            try server.wait { $0.loop.connections.count { $0?.hasAddressPlace == true } == share - 1 }
            let client = try Client(server)
            try client.send("POST", "/echo", "x")
            #expect(try client.answer().status == 200)
        }

        @Test func onePeerThatHasItsShareLeavesTheOthersTheirs() throws {
            var settings = ListenerSettings(.v4(0x7F00_0001, port: 0))
            settings.readsProxyHeader = true
            let server = try ServerUnderTest(receiving: settings) { $0.connectionsPerAddress = 1 }
            let clients = try ["192.0.2.1", "192.0.2.2", "192.0.2.1"].map { address in
                let client = try Client(server)
                try client.send("PROXY TCP4 \(address) 192.0.2.9 1 2\r\n")
                try client.send("POST", "/echo", "x")
                return (client, try client.answer().status)
            }
            #expect(clients.map(\.1) == [200, 200, 503])
        }

        @Test(arguments: [(59_999, 200), (60_000, 200), (60_001, 503)])
        func bodiesUpToTheMemoryAreHeldAndNoMore(length: Int, status: Int) throws {
            let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n"
            let server = try ServerUnderTest { $0.memoryBytes = head.utf8.count + 60_000 }
            let client = try Client(server)
            try client.send(head)
            try? client.send([UInt8](repeating: 0x78, count: length))
            #expect(try client.answer().status == status)
            client.finish()
            #expect(try client.ends())
            try server.wait { $0.loop.occupancy.heldBytes == 0 }
        }

        @Test func aBodyThatIsOnlyAnnouncedHoldsNoMemory() throws {
            let server = try ServerUnderTest { $0.memoryBytes = 200_000 }
            let clients = try (0..<8).map { _ in try Client(server) }
            for client in clients {
                try client.send(
                    "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 60000\r\n\r\n")
                #expect(try client.answer().status == 100)
            }
            #expect(server.loop.occupancy.heldBytes == 8 * ReceiveBuffer.initialBytes)
            for client in clients {
                try client.send([UInt8](repeating: 0x78, count: 60000))
                #expect(try client.answer().status == 200)
            }
        }

        @Test func headersPastTheMemoryAre503() throws {
            let server = try ServerUnderTest { $0.memoryBytes = 2 * ReceiveBuffer.initialBytes }
            let clients = try (0..<2).map { _ in try Client(server) }
            for client in clients { try client.send("POST /echo HTTP/1.1\r\n") }
            try server.wait { $0.loop.occupancy.heldBytes == 2 * ReceiveBuffer.initialBytes }
            let another = try Client(server)
            try another.send("POST /echo HTTP/1.1\r\n")
            #expect(try another.answer().status == 503)
            for client in clients {
                try client.send("Host: a\r\nContent-Length: 1\r\n\r\nx")
                #expect(try client.answer().status == 200)
            }
        }

        @Test(arguments: ["Content-Length: 90000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nffff\r\n"])
        func aBodyThatComesTooSlowlyIs408(rest: String) throws {
            let server = try ServerUnderTest {
                ($0.bodyRateGrace, $0.bodyRateBytesPerSecond) = (.milliseconds(1200), 1000)
            }
            let slow = try Client(server)
            try slow.send("POST /echo HTTP/1.1\r\nHost: a\r\n" + rest + "x")
            let steady = try Client(server)
            try steady.send("POST /echo HTTP/1.1\r\nHost: a\r\n" + rest + String(repeating: "x", count: 50_000))
            #expect(try slow.answer().status == 408)
            #expect(try slow.ends())
            try steady.send(String(repeating: "x", count: rest.hasPrefix("C") ? 40_000 : 15_535))
            if !rest.hasPrefix("C") { try steady.send("\r\n0\r\n\r\n") }
            #expect(try steady.answer().status == 200)
        }

        @Test func aClientThatNeverReadsIsNotAnsweredOnAndOn() throws {
            let server = try ServerUnderTest()
            let client = try Client(server, receiveBufferBytes: 4096)
            let request = "GET /large?60000 HTTP/1.1\r\nHost: a\r\n\r\n"
            try client.send(String(repeating: request, count: 200))
            try server.wait { $0.loop.connections.contains { $0?.isHeldBack == true } }
            #expect(try server.look { $0.handled } < 200)
            for _ in 0..<200 { #expect(try client.answer().body.utf8.count == 60_000) }
        }

        @Test func bodiesPastTheMemoryAre503() throws {
            let server = try ServerUnderTest { $0.memoryBytes = 100_000 }
            let first = try Client(server)
            try first.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 60000\r\n\r\n")
            #expect(try first.answer().status == 100)
            try first.send([UInt8](repeating: 0x78, count: 50_000))
            try server.wait { $0.loop.occupancy.heldBytes > 60_000 }
            let second = try Client(server)
            try second.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n")
            let answer = try second.answer()
            #expect(answer.status == 503)
            #expect(answer.headers["retry-after"] == "10")
            try first.send([UInt8](repeating: 0x78, count: 10_000))
            #expect(try first.answer().status == 200)
            let third = try Client(server)
            try third.send("POST", "/echo", String(repeating: "x", count: 60000))
            #expect(try third.answer().status == 200)
        }
    }
}

/// Something counted on more than one thread.
final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add() { count.add(1, ordering: .relaxed) }
}
