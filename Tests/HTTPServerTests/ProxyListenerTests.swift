import Testing

@testable import HTTPServer

/// A listener whose clients come by way of a proxy that says who they are.
struct ProxyListenerTests {
    private static func server() throws -> ServerUnderTest {
        var settings = ListenerSettings(.v4(0x7F00_0001, port: 0))
        settings.readsProxyHeader = true
        return try ServerUnderTest(receiving: settings)
    }

    private static let request = Array("POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx".utf8)

    @Test(arguments: [
        Array("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n".utf8),
        ProxyHeaderTests.binary(0x21, 0x11, [192, 0, 2, 1, 192, 0, 2, 2, 1, 2, 3, 4]),
    ]) func theClientIsWhomTheProxyNames(header: [UInt8]) throws {
        let server = try Self.server()
        let bytes = header + Self.request
        for split in [[], Array(1..<bytes.count)] + (1..<bytes.count).map({ [$0] }) {
            let client = try Client(server)
            var start = 0
            for end in split + [bytes.count] {
                try client.send(Array(bytes[start..<end]))
                try server.look { _ in }
                start = end
            }
            try server.waitForHeld(1)
            #expect(try server.look { $0.held.first?.request.head.peer } == .v4(0xC000_0201))
            try server.look { $0.answerHeld() }
            #expect(try client.answer().body == "POST /later x")
            try client.send("POST", "/echo", "the next one needs no header")
            #expect(try client.answer().status == 200)
        }
    }

    @Test func aProxyThatSpeaksForItselfIsTheClient() throws {
        let server = try Self.server()
        let client = try Client(server)
        try client.send(ProxyHeaderTests.binary(0x20, 0, []) + Self.request)
        try server.waitForHeld(1)
        #expect(try server.look { $0.held.first?.request.head.peer } == .v4(0x7F00_0001))
        try server.look { $0.answerHeld() }
        #expect(try client.answer().status == 200)
    }

    @Test(arguments: ["POST /echo HTTP/1.1\r\nHost: a\r\n\r\n", "PROXY TCP4 x\r\n", "\r\n\r\n", "P"])
    func aConnectionWithoutAHeaderIsClosedWithoutAWord(bytes: String) throws {
        let client = try Client(try Self.server())
        try client.send(bytes)
        client.finish()
        #expect(try client.ends())
    }

    @Test func aHeaderThatDoesNotComeIsNotWaitedFor() throws {
        var settings = ListenerSettings(.v4(0x7F00_0001, port: 0))
        settings.readsProxyHeader = true
        let server = try ServerUnderTest(receiving: settings) { $0.headerTimeout = .milliseconds(10) }
        let client = try Client(server)
        try client.send("PROXY TCP4 192.0.2.1")
        #expect(try client.ends())
    }
}
