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

        @Test func pastTheLimitAClientWaitsWhileAllOthersAreBusy() throws {
            let notices = Counter()
            let server = try ServerUnderTest(limiting: { $0.connections = 1 }, notice: { _ in notices.add() })
            let busy = try Client(server)
            try busy.send("POST", "/later", "x", headers: "Connection: close")
            try server.waitForHeld(1)
            let waiting = try Client(server)
            try waiting.send("POST", "/echo", "y")
            try server.wait { _ in notices.value == 1 }
            #expect(try server.look { $0.handled } == 1)
            try server.look { $0.answerHeld() }
            #expect(try busy.answer().status == 200)
            #expect(try busy.ends())
            busy.breakOff()
            #expect(try waiting.answer().body == "POST /echo y")
        }

        @Test func oneAddressHasNoMoreConnectionsThanItsShare() throws {
            let server = try ServerUnderTest { $0.connectionsPerAddress = 2 }
            var clients = try (0..<2).map { _ in try Client(server) }
            for client in clients {
                try client.send("POST", "/echo", "x")
                #expect(try client.answer().status == 200)
            }
            #expect(try Client(server).ends())
            clients.removeLast()
            var isServedAgain = false
            while !isServedAgain {
                let client = try Client(server)
                try? client.send("POST", "/echo", "x")
                isServedAgain = (try? client.answer().status) == 200
            }
        }

        @Test func bodiesPastTheMemoryAre503() throws {
            let server = try ServerUnderTest { $0.memoryBytes = 100_000 }
            let first = try Client(server)
            try first.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 60000\r\n\r\n")
            #expect(try first.answer().status == 100)
            let second = try Client(server)
            try second.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n")
            let answer = try second.answer()
            #expect(answer.status == 503)
            #expect(answer.headers["retry-after"] == "10")
            try first.send([UInt8](repeating: 0x78, count: 60000))
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
