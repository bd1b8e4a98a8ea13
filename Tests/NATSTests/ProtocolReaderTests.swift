import NATS
import Testing

@Suite struct ProtocolReaderTests {
    private static let session =
        "INFO {\"server_name\":\"a\",\"version\":\"2.15.1\"}\r\nPING\r\n+OK\r\nPONG\r\n"
        + "MSG events.a 1 5\r\nhello\r\n"
        + "MSG events.b 2 _INBOX.x.1 0\r\n\r\n"
        + "HMSG events.c 1 $JS.ACK.s.c.1.2.3.4.5 22 27\r\nNATS/1.0\r\nKey: v w\r\n\r\nline\n\r\n"
        + "HMSG _INBOX.x.2 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"
        + "-ERR 'Authorization Violation'\r\n"

    private func events(_ pieces: [[UInt8]]) throws -> [ProtocolReader.Event] {
        var reader = ProtocolReader(payloadLimitBytes: 1 << 20)
        var events: [ProtocolReader.Event] = []
        for piece in pieces {
            piece.withUnsafeBytes { reader.append($0) }
            while let event = try reader.next() { events.append(event) }
        }
        #expect(reader.pending == 0)
        return events
    }

    @Test func aSessionIsRead() throws {
        let events = try events([Array(Self.session.utf8)])
        #expect(events.count == 9)
        #expect(events[1...3] == [.ping, .ok, .pong])
        #expect(
            events[4] == .message(Message(subject: "events.a", subscription: 1, payload: Array("hello".utf8))))
        #expect(
            events[5] == .message(Message(subject: "events.b", subscription: 2, reply: "_INBOX.x.1")))
        guard case .message(let third) = events[6], case .message(let fourth) = events[7] else {
            Issue.record("messages are missing")
            return
        }
        #expect(third.headers?["Key"] == "v w")
        #expect(third.reply == "$JS.ACK.s.c.1.2.3.4.5")
        #expect(third.payload == Array("line\n".utf8))
        #expect(fourth.status == 503)
        #expect(events[8] == .error("Authorization Violation"))
    }

    @Test func aSessionTornAtEveryByteIsTheSame() throws {
        let bytes = Array(Self.session.utf8)
        let whole = try events([bytes])
        for split in 0...bytes.count {
            #expect(try events([Array(bytes[..<split]), Array(bytes[split...])]) == whole, "torn at \(split)")
        }
        #expect(try events(bytes.map { [$0] }) == whole)
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n", "MSG a 1\r\n", "MSG a x 1\r\na\r\n", "MSG a 1 -1\r\n\r\n",
        "MSG a 1 2000000\r\n",
        "MSG a 1 1\r\nabc\r\n", "HMSG a 1 9 5\r\nhello\r\n", "HMSG a 1 5 5\r\nhello\r\n",
        "HMSG a 1 16 16\r\nNATS/1.0 5x3\r\n\r\n\r\n", "HMSG a 1 15 15\r\nNATS/1.0\r\nbad\r\n\r\n",
    ])
    func whatIsNotTheProtocolIsAFault(text: String) {
        #expect(throws: ProtocolFault.self) { try events([Array(text.utf8)]) }
    }

    @Test func aLineWithoutEndIsAFaultOnceItIsTooLong() {
        let line = [UInt8](repeating: 0x41, count: ProtocolReader.lineLimitBytes + 1)
        #expect(throws: ProtocolFault.lineTooLong) { try events([line]) }
    }

    @Test func whatIsWrittenIsRead() throws {
        var writer = ProtocolWriter()
        writer.publish("a", reply: "b", headers: [("Nats-Msg-Id", "17")], payloadCount: 3) { $0 += [1, 2, 3] }
        // A server passes a publish on as a message, with a subscription's number behind the subject.
        let text = writer.bytes.withUnsafeBytes { bytes in
            Array("HMSG a 9 ".utf8) + bytes.dropFirst("HPUB a ".utf8.count)
        }
        guard case .message(let message)? = try events([text]).first else {
            Issue.record("no message")
            return
        }
        #expect(message.headers?["Nats-Msg-Id"] == "17")
        #expect(message.reply == "b")
        #expect(message.payload == [1, 2, 3])
    }
}
