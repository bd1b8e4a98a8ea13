import Testing

@testable import HTTPServer

extension EventLoopTests {
    /// Answers that come before the handler is done with a request's bytes.
    struct Early {
        /// A client whose request the server holds.
        private func held(by server: ServerUnderTest, receiveBufferBytes: Int32? = nil) throws -> Client {
            let client = try Client(server, receiveBufferBytes: receiveBufferBytes)
            try client.send("POST", "/later", "some bytes")
            try server.waitForHeld(1)
            return client
        }

        private func answerEarly(_ server: ServerUnderTest, bodyBytes: Int = 0) throws {
            try server.look { handler in
                let response = Response(status: 503, body: [UInt8](repeating: 0x78, count: bodyBytes))
                for entry in handler.held { handler.loop.answerEarly(entry.exchange, with: response) }
            }
        }

        @Test func anEarlyAnswerEndsTheConnectionAndTheRequestsBytesStayUntilTheLast() throws {
            let server = try ServerUnderTest { $0.connections = 1 }
            let client = try held(by: server)
            try answerEarly(server)
            // Said twice, it is said once.
            try answerEarly(server)
            let answer = try client.answer()
            #expect(answer.status == 503)
            #expect(answer.headers["connection"] == "close")
            #expect(try client.ends())
            #expect(try server.look { String(decoding: $0.held[0].request.body, as: UTF8.self) } == "some bytes")
            #expect(try server.look { $0.loop.open } == 1)
            try server.look { $0.answerHeld() }
            try server.wait { $0.loop.open == 0 }
            #expect(server.loop.refusals.byStatus[503] == 1)
        }

        @Test func anEarlyAnswerIsSentToItsEndThoughTheLastComesFirst() throws {
            let server = try ServerUnderTest()
            let client = try held(by: server, receiveBufferBytes: 4096)
            try answerEarly(server, bodyBytes: 8_000_000)
            try server.look { $0.answerHeld() }
            #expect(try client.answer().body.utf8.count == 8_000_000)
            #expect(try client.ends())
        }

        @Test func aClientThatGoesBetweenAnEarlyAnswerAndTheLastIsForgotten() throws {
            let server = try ServerUnderTest { $0.connections = 1 }
            let client = try held(by: server)
            try answerEarly(server)
            client.breakOff()
            try server.look { $0.answerHeld() }
            try server.wait { $0.loop.open == 0 }
        }
    }
}
