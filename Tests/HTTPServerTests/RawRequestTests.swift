import Testing

@testable import HTTPServer

/// Every request of the table, sent whole, byte by byte, and in two pieces at every place.
struct RawRequestTests {
    @Test func theTableIsLong() { #expect(RawRequest.all.count >= 150) }

    @Test func eachIsAnsweredAsTheTableSays() throws {
        let server = try ServerUnderTest()
        for request in RawRequest.all { try RawRequestTests.send(request, to: server, arrivingAt: []) }
    }

    @Test func eachIsAnsweredTheSameByteByByte() throws {
        let server = try ServerUnderTest()
        for request in RawRequest.all {
            try RawRequestTests.send(request, to: server, arrivingAt: Array(1..<request.bytes.count))
        }
    }

    @Test func eachIsAnsweredTheSameInTwoPieces() throws {
        let server = try ServerUnderTest()
        for request in RawRequest.all {
            // A long one has its limit near its end, and is much of the same before.
            let step = request.bytes.count > 1000 ? 97 : 1
            for split in stride(from: 1, to: request.bytes.count, by: step) {
                try RawRequestTests.send(request, to: server, arrivingAt: [split])
            }
        }
    }

    private static func send(_ request: RawRequest, to server: ServerUnderTest, arrivingAt ends: [Int]) throws {
        let client = try Client(server)
        var start = 0
        for end in ends + [request.bytes.count] {
            // A server that has refused need not read on.
            guard (try? client.send(Array(request.bytes[start..<end]))) != nil else { break }
            if end < request.bytes.count { try server.look { _ in } }
            start = end
        }
        let place: Comment = "\(request), pieces end at \(ends.prefix(3))"
        for expected in request.answers {
            let answer = try client.answer(toHead: request.bytes.starts(with: "HEAD".utf8))
            #expect(answer.status == expected.status, place)
            if let echo = expected.echo {
                #expect(answer.body.trimmingSpace() == echo, place)
            }
            if request.closes && expected == request.answers.last {
                #expect(answer.headers["connection"] == "close", place)
            }
        }
        if !request.closes { client.finish() }
        #expect(try client.ends(), place)
    }
}

extension String {
    fileprivate func trimmingSpace() -> String {
        var rest = self[...]
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}
