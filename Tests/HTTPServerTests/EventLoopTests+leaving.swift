import Glibc
import Testing

@testable import HTTPServer

extension EventLoopTests {
    /// Clients that go away, and a server that stops.
    struct Leaving {
        /// Two requests that arrive together. The first one's answer is more than the kernel takes for a client that does
        /// not read.
        private static let largeThenLater =
            "GET /large?8000000 HTTP/1.1\r\nHost: a\r\n\r\n"
            + "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"

        @Test(arguments: [
            "", "POST /ec", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab",
        ]) func aClientThatGoesAwayInTheMiddleIsForgotten(begun: String) throws {
            let server = try ServerUnderTest { $0.connections = 1 }
            for breaksOff in [true, false] {
                let client = try Client(server)
                try client.send(begun)
                if breaksOff { client.breakOff() } else { client.finish() }
                if !breaksOff { #expect(try client.ends()) }
                try server.wait { $0.loop.open == 0 }
                let next = try Client(server)
                try next.send("POST", "/echo", "x", headers: "Connection: close")
                #expect(try next.answer().body == "POST /echo x")
                next.breakOff()
                try server.wait { $0.loop.open == 0 }
            }
            #expect(try server.look { $0.handled } == 2)
        }

        @Test func theAnswerToAClientThatHasGoneIsDropped() throws {
            let server = try ServerUnderTest { $0.connections = 1 }
            for _ in 0..<3 {
                let client = try Client(server)
                try client.send("POST", "/later", "x")
                try server.waitForHeld(1)
                client.breakOff()
                try server.look { $0.answerHeld() }
                try server.wait { $0.loop.open == 0 }
            }
            let next = try Client(server)
            try next.send("POST", "/echo", "x")
            #expect(try next.answer().body == "POST /echo x")
        }

        @Test func anAnswerIsNeverGivenToAnotherClient() throws {
            let server = try ServerUnderTest { $0.connections = 1 }
            let client = try Client(server)
            try client.send("POST", "/later", "old")
            try server.waitForHeld(1)
            let exchange = try #require(try server.look { $0.held.first?.exchange })
            try server.look { $0.answerHeld() }
            #expect(try client.answer().body == "POST /later old")
            let late = Response(status: 500, body: [])
            try server.look { $0.loop.answer(exchange, with: late) }
            // The next client takes the place of this one, since there is only one.
            let next = try Client(server)
            try next.send("POST", "/later", "new")
            try server.waitForHeld(1)
            try server.look { $0.loop.answer(exchange, with: late) }
            try server.look { $0.answerHeld() }
            #expect(try next.answer().body == "POST /later new")
        }

        @Test func aRequestsBytesStayUntilItIsAnsweredThoughItsClientHasGone() throws {
            let server = try ServerUnderTest()
            let client = try Client(server, receiveBufferBytes: 4096)
            // The first answer stays in the way, so that there is something to be sent when the connection breaks.
            try client.send(Leaving.largeThenLater)
            try server.waitForHeld(1)
            client.breakOff()
            for _ in 0..<10 { _ = try server.look { $0.rounds } }
            #expect(
                try server.look { HandlerUnderTest.echo($0.held[0].request).body } == Array("POST /later body".utf8))
            try server.look { $0.answerHeld() }
        }

        @Test func aRequestsBytesStayWhileTheServerStops() throws {
            let server = try ServerUnderTest()
            let client = try Client(server, receiveBufferBytes: 4096)
            try client.send(Leaving.largeThenLater)
            try server.waitForHeld(1)
            server.loop.stop(within: .seconds(20))
            client.breakOff()
            for _ in 0..<10 { _ = try server.look { $0.rounds } }
            #expect(
                try server.look { HandlerUnderTest.echo($0.held[0].request).body } == Array("POST /later body".utf8))
            try server.look { $0.answerHeld() }
            server.waitForEnd()
        }

        @Test func theLoopRestsWhileAClientThatHasGoneAwaitsItsAnswer() throws {
            let server = try ServerUnderTest { $0.idleTimeout = .milliseconds(300) }
            let client = try Client(server)
            try client.send("POST", "/later", "x")
            try server.waitForHeld(1)
            client.breakOff()
            let rounds = try server.look { $0.rounds }
            #expect(try Client(server).ends())
            #expect(try server.look { $0.rounds } - rounds < 50)
            try server.look { $0.answerHeld() }
        }

        @Test func theLoopRestsOnceASlowReaderHasReadAndTheNextAnswerIsAwaited() throws {
            let server = try ServerUnderTest { $0.idleTimeout = .milliseconds(300) }
            let client = try Client(server, receiveBufferBytes: 4096)
            try client.send(Leaving.largeThenLater)
            try server.waitForHeld(1)
            #expect(try client.answer().body.utf8.count == 8_000_000)
            let rounds = try server.look { $0.rounds }
            #expect(try Client(server).ends())
            #expect(try server.look { $0.rounds } - rounds < 50)
            try server.look { $0.answerHeld() }
            #expect(try client.answer().body == "POST /later body")
        }

        @Test func stoppingEndsIdleConnectionsAtOnce() throws {
            let server = try ServerUnderTest()
            let client = try Client(server)
            try client.send("POST", "/echo", "x")
            #expect(try client.answer().status == 200)
            server.loop.stop(within: .seconds(20))
            #expect(try client.ends())
            server.waitForEnd()
        }

        @Test func stoppingWaitsForWhatIsUnderWay() throws {
            let server = try ServerUnderTest()
            let waiting = try Client(server)
            try waiting.send("POST", "/later", "one")
            let sending = try Client(server)
            try sending.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            #expect(try sending.answer().status == 100)
            try server.waitForHeld(1)
            server.loop.stop(within: .seconds(20))
            try server.look { $0.answerHeld() }
            try sending.send("two")
            for (client, body) in [(waiting, "POST /later one"), (sending, "POST /echo two")] {
                let answer = try client.answer()
                #expect(answer.body == body)
                #expect(answer.headers["connection"] == "close")
                #expect(try client.ends())
                client.finish()
            }
            server.waitForEnd()
        }

        @Test func stoppingWaitsForASlowReaderAndThenForNothingMore() throws {
            let server = try ServerUnderTest()
            let client = try Client(server, receiveBufferBytes: 4096)
            try client.send("GET", "/large?8000000")
            try server.wait { $0.handled == 1 }
            server.loop.stop(within: .seconds(600))
            let start = ContinuousClock.now
            #expect(try client.answer().body.utf8.count == 8_000_000)
            #expect(try client.ends())
            client.finish()
            server.waitForEnd()
            #expect(ContinuousClock.now - start < .seconds(300))
        }

        @Test func stoppingWaitsNoLongerThanItsGrace() throws {
            let server = try ServerUnderTest()
            let client = try Client(server)
            try client.send("POST", "/later", "x")
            try server.waitForHeld(1)
            let start = ContinuousClock.now
            server.loop.stop(within: .milliseconds(20))
            server.waitForEnd()
            #expect(ContinuousClock.now - start < .seconds(300))
            #expect(try client.ends())
        }

        @Test func aStoppedServerTakesNoConnections() throws {
            let server = try ServerUnderTest()
            server.loop.stop(within: .zero)
            server.waitForEnd()
            #expect(throws: (any Error).self) { try Client(server) }
        }
    }
}
