import Testing

@testable import HTTPServer

/// Requests and their answers, over real sockets.
struct EventLoopTests {
    @Test func aRequestIsAnswered() throws {
        let client = try Client(try ServerUnderTest.shared)
        try client.send("POST", "/echo", "body")
        let answer = try client.answer()
        #expect(answer.status == 200)
        #expect(answer.body == "POST /echo body")
        #expect(answer.headers["content-type"] == "text/plain")
        #expect(answer.headers["connection"] == nil)
    }

    @Test func aConnectionTakesOneRequestAfterTheOther() throws {
        let client = try Client(try ServerUnderTest.shared)
        for number in 0..<20 {
            try client.send("POST", "/echo", "\(number)")
            #expect(try client.answer().body == "POST /echo \(number)")
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        let client = try Client(try ServerUnderTest.shared)
        let requests = (0..<200).map { "POST /\($0) HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" }
        try client.send(requests.joined())
        for number in 0..<200 { #expect(try client.answer().body == "POST /\(number) abc") }
    }

    @Test func aPipelinedRequestWaitsForTheAnswerBeforeIt() throws {
        let server = try ServerUnderTest()
        let client = try Client(server)
        try client.send("POST", "/later", "one")
        try client.send("POST", "/echo", "two")
        try client.send("POST", "/later", "three")
        try server.waitForHeld(1)
        #expect(try server.look { $0.handled } == 1)
        try server.look { $0.answerHeld() }
        #expect(try client.answer().body == "POST /later one")
        #expect(try client.answer().body == "POST /echo two")
        try server.waitForHeld(1)
        try server.look { $0.answerHeld() }
        #expect(try client.answer().body == "POST /later three")
    }

    @Test func manyClientsAreAnsweredLaterAllAtOnce() throws {
        let server = try ServerUnderTest()
        let clients = try (0..<50).map { _ in try Client(server) }
        for (number, client) in clients.enumerated() { try client.send("POST", "/later", "\(number)") }
        try server.waitForHeld(50)
        try server.look { $0.answerHeld() }
        for (number, client) in clients.enumerated() { #expect(try client.answer().body == "POST /later \(number)") }
    }

    /// So what they bring can be committed together.
    @Test func theLoopIsNotCalmWhileRequestsCome() throws {
        let server = try ServerUnderTest()
        // Unsafe: the loop's thread sends by each of them once, before this one reads from it.
        nonisolated(unsafe) let clients = try (0..<100).map { _ in try Client(server) }
        for client in clients {
            try client.send("POST", "/echo", "")
            _ = try client.answer()
        }
        // Each request that is handled brings the next one.
        let before = try server.look { handler in
            let before = handler.handled
            handler.sizes = []
            handler.whenHandled = { count in
                guard count - before < clients.count else { return handler.answerHeld() }
                try? clients[count - before].send("POST", "/later", "")
            }
            return before
        }
        #expect(before == 100)
        try clients[0].send("POST", "/later", "")
        for client in clients { #expect(try client.answer().status == 200) }
        try server.wait { $0.sizes.reduce(0, +) == clients.count }
        let sizes = try server.look { handler in
            handler.whenHandled = nil
            return handler.sizes
        }
        // Where the kernel takes its time with one of them the loop is calm meanwhile.
        #expect(sizes.count < 50, "\(sizes)")
    }

    @Test func whoeverKeepsTheLoopBusyKeepsNobodysRequestsBack() throws {
        let server = try ServerUnderTest()
        let (rounds, calm) = try server.look { ($0.rounds, $0.calmRounds) }
        server.keepBusy(until: { $0.calmRounds > calm + 3 || $0.rounds > rounds + 10_000 })
        try server.wait { $0.calmRounds > calm + 3 || $0.rounds > rounds + 10_000 }
        #expect(try server.look { $0.calmRounds } > calm + 3)
    }

    @Test func aRequestIsReadTheSameHoweverItArrives() throws {
        let server = try ServerUnderTest()
        let client = try Client(server)
        let request = Array("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab\r\nc".utf8)
        for split in 1..<request.count {
            try client.send(Array(request[..<split]))
            try server.look { _ in }
            try client.send(Array(request[split...]))
            #expect(try client.answer().body == "POST /echo ab\r\nc")
        }
        for byte in request {
            try client.send([byte])
            try server.look { _ in }
        }
        #expect(try client.answer().body == "POST /echo ab\r\nc")
    }

    @Test func aChunkedBodyIsReadTheSameHoweverItArrives() throws {
        let server = try ServerUnderTest()
        let client = try Client(server)
        let request = Array(
            ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nX: y\r\n\r\n").utf8)
        for split in 1..<request.count {
            try client.send(Array(request[..<split]))
            try server.look { _ in }
            try client.send(Array(request[split...]))
            #expect(try client.answer().body == "POST /echo abcde")
        }
        try client.send(request + request)
        #expect(try client.answer().body == "POST /echo abcde")
        #expect(try client.answer().body == "POST /echo abcde")
    }

    @Test func aBodyOfTheLimitIsTaken() throws {
        let client = try Client(try ServerUnderTest.shared)
        let body = String(repeating: "0123456789", count: HandlerUnderTest.bodyLimitBytes / 10)
        try client.send("POST", "/echo", body)
        try client.send("POST", "/echo", "next")
        #expect(try client.answer().body == "POST /echo " + body)
        #expect(try client.answer().body == "POST /echo next")
    }

    @Test func aBodyOfManyTinyChunksIsTaken() throws {
        let client = try Client(try ServerUnderTest.shared)
        let count = HandlerUnderTest.bodyLimitBytes
        try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        try client.send(String(repeating: "1\r\nx\r\n", count: count) + "0\r\n\r\n")
        try client.send("POST", "/echo", "next")
        #expect(try client.answer().body == "POST /echo " + String(repeating: "x", count: count))
        #expect(try client.answer().body == "POST /echo next")
    }

    @Test func aLargeAnswerReachesASlowReaderWhole() throws {
        let server = try ServerUnderTest()
        let client = try Client(server, receiveBufferBytes: 4096)
        try client.send("GET /large?8000000 HTTP/1.1\r\nHost: a\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\n\r\n")
        try server.wait { $0.handled == 2 }
        #expect(try client.answer().body.utf8.count == 8_000_000)
        #expect(try client.answer().body == "GET /echo ")
    }

    @Test func anAnswerToHeadHasNoBody() throws {
        let client = try Client(try ServerUnderTest.shared)
        try client.send("HEAD", "/echo")
        try client.send("POST", "/echo", "next")
        let answer = try client.answer(toHead: true)
        #expect(answer.headers["content-length"] == "11")
        #expect(try client.answer().body == "POST /echo next")
    }

    @Test func aRefusedHeadRequestHasNoBodyEither() throws {
        let client = try Client(try ServerUnderTest.shared)
        try client.send("HEAD", "/missing")
        #expect(try client.answer(toHead: true).status == 404)
        try client.send("HEAD /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        #expect(try client.answer(toHead: true).status == 413)
        #expect(try client.ends())
    }

    @Test func aConnectionEndsWhenTheClientAsksForIt() throws {
        let client = try Client(try ServerUnderTest.shared)
        try client.send("POST", "/echo", "x", headers: "Connection: close")
        try client.send("POST", "/echo", "never answered")
        #expect(try client.answer().headers["connection"] == "close")
        #expect(try client.ends())
    }

    @Test func a10ConnectionEndsUnlessTheClientKeepsIt() throws {
        let server = try ServerUnderTest()
        let client = try Client(server)
        try client.send("POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx")
        #expect(try client.answer().headers["connection"] == "keep-alive")
        try client.send("POST /echo HTTP/1.0\r\nContent-Length: 1\r\n\r\ny")
        let answer = try client.answer()
        #expect(answer.body == "POST /echo y")
        #expect(answer.headers["connection"] == "close")
        #expect(try client.ends())
    }

    @Test func aClientThatHasFinishedStillReadsItsAnswer() throws {
        let server = try ServerUnderTest()
        let client = try Client(server)
        try client.send("POST", "/later", "x")
        try client.send("POST", "/later", "y")
        client.finish()
        for body in ["x", "y"] {
            try server.waitForHeld(1)
            try server.look { $0.answerHeld() }
            #expect(try client.answer().body == "POST /later \(body)")
        }
        #expect(try client.ends())
    }

    @Test func bodiesAreAskedForWhereTheClientWaits() throws {
        let client = try Client(try ServerUnderTest.shared)
        try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        #expect(try client.answer().status == 100)
        try client.send("abc")
        #expect(try client.answer().body == "POST /echo abc")
    }

    @Test func bodiesThatAreThereAlreadyAreNotAskedFor() throws {
        let client = try Client(try ServerUnderTest.shared)
        try client.send("POST", "/echo", "abc", headers: "Expect: 100-continue")
        #expect(try client.answer().status == 200)
    }

    @Test func bodiesThatAreNotWantedAreNotAskedFor() throws {
        let missing = try Client(try ServerUnderTest.shared)
        try missing.send("POST /missing HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        #expect(try missing.answer().status == 404)
        let tooLong = try Client(try ServerUnderTest.shared)
        try tooLong.send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100001\r\n\r\n")
        #expect(try tooLong.answer().status == 413)
    }

    @Test func aRefusalWithoutBodyKeepsTheConnection() throws {
        let client = try Client(try ServerUnderTest.shared)
        try client.send("GET", "/missing")
        #expect(try client.answer().body == "nothing here")
        try client.send("GET", "/hook")
        let answer = try client.answer()
        #expect(answer.status == 405)
        #expect(answer.headers["allow"] == "POST")
        try client.send("POST", "/echo", "next")
        #expect(try client.answer().body == "POST /echo next")
    }

    @Test func refusalsStandInTheirPlaceAmongPipelinedAnswers() throws {
        let client = try Client(try ServerUnderTest.shared)
        let paths = (0..<60).map { $0 % 3 == 0 ? "/missing" : "/echo" }
        try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
        for path in paths { #expect(try client.answer().status == (path == "/missing" ? 404 : 200)) }
    }

    @Test func aRefusalBeforeABodyEndsTheConnection() throws {
        let client = try Client(try ServerUnderTest.shared)
        try client.send("POST", "/missing", "body")
        let answer = try client.answer()
        #expect(answer.status == 404)
        #expect(answer.headers["connection"] == "close")
        #expect(try client.ends())
    }

    @Test func aMalformedRequestIsAnsweredAndEndsTheConnection() throws {
        let client = try Client(try ServerUnderTest.shared)
        try client.send("POST", "/echo", "one")
        try client.send("POST /echo HTTP/1.1\r\nHost : a\r\n\r\n")
        try client.send("POST", "/echo", "never answered")
        #expect(try client.answer().body == "POST /echo one")
        let answer = try client.answer()
        #expect(answer.status == 400)
        #expect(answer.headers["connection"] == "close")
        #expect(answer.body.hasPrefix("{\"error\":\""))
        #expect(try client.ends())
    }

    @Test func aMalformedChunkIsAnsweredAndEndsTheConnection() throws {
        let client = try Client(try ServerUnderTest.shared)
        try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n")
        #expect(try client.answer().status == 400)
        #expect(try client.ends())
    }

    @Test func aUnixSocketIsServedToo() throws {
        let path = "/tmp/hookswitch-\(UInt64.random(in: 0 ..< .max)).sock"
        let server = try ServerUnderTest(at: .unix(path: path, mode: 0o600))
        let client = try Client(server)
        try client.send("POST", "/echo", "one")
        #expect(try client.answer().body == "POST /echo one")
        try client.send("POST", "/later", "two")
        try server.waitForHeld(1)
        #expect(try server.look { $0.held.first?.request.head.peer } == .local)
        try server.look { $0.answerHeld() }
        #expect(try client.answer().body == "POST /later two")
    }

    @Test func workIsDoneOnTheLoopsThread() throws {
        let server = try ServerUnderTest()
        #expect(try server.look { $0.loop.isCurrent })
        #expect(!server.loop.isCurrent)
    }
}

extension ServerUnderTest {
    /// A server with the default limits, for tests that leave nothing behind.
    static var shared: ServerUnderTest {
        get throws { try result.get() }
    }

    private static let result = Result { try ServerUnderTest() }
}
