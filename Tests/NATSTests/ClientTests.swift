import Dispatch
import NATS
import Synchronization
import Testing

@Suite(.serialized) struct ClientTests {
    private let listener = Listener()

    private func client(_ brokers: FakeBroker..., identity: ClientSettings.Identity = .nobody) throws -> Client {
        let servers = brokers.compactMap { ServerAddress("nats://127.0.0.1:\($0.port)") }
        var settings = ClientSettings(servers: servers, name: "test")
        settings.identity = identity
        let client = try Client(settings)
        #expect(client.start(owner: listener))
        return client
    }

    /// The words of a connection's beginning. The client's introduction is answered.
    private func greet(_ broker: FakeBroker, info: String = #""version":"2.15.1""#) -> String? {
        guard broker.accept() else { return nil }
        broker.say("INFO {\(info),\"headers\":true,\"max_payload\":1048576}\r\n")
        let introduction = broker.hear("CONNECT ")
        guard broker.hear("SUB _INBOX.") != nil, broker.hear("PING") != nil else { return nil }
        broker.say("PONG\r\n")
        return introduction
    }

    @Test func aSessionTornAtEveryByteIsUnderstood() throws {
        let broker = FakeBroker()
        let client = try client(broker, identity: .user("relay", password: "open"))
        defer { client.stop() }
        let introduction = try #require(greet(broker))
        #expect(introduction.contains(#""user":"relay","pass":"open""#))
        broker.say("MSG events.a 1 $JS.ACK.x 5\r\nhello\r\nPING\r\n")
        #expect(broker.hear("PONG") != nil)
        #expect(listener.until { $0.received.count == 1 })
        #expect(listener.received.first?.payload == Array("hello".utf8))
    }

    /// Asks at subjects; the listener hears of each answer, and of each fault.
    private func ask(_ client: Client, _ subjects: String...) {
        client.perform {
            for subject in subjects {
                client.request(subject, []) { result in
                    switch result {
                    case .success(let message): self.listener.received(message)
                    case .failure(let fault): self.listener.disconnected(fault)
                    }
                }
            }
        }
    }

    @Test func anAnswerComesToWhoAsked() throws {
        let broker = FakeBroker()
        let client = try client(broker)
        defer { client.stop() }
        #expect(greet(broker) != nil)
        #expect(listener.until { $0.count == 1 })
        ask(client, "$JS.API.INFO")
        let line = try #require(broker.hear("PUB $JS.API.INFO "))
        let reply = line.split(separator: " ")[2]
        broker.say("MSG \(reply) 1 2\r\n{}\r\n")
        #expect(listener.until { $0.received.count == 1 })
    }

    @Test func whatMayNotBeAskedEndsAtOnceInTheServersWordsAndOtherRequestsGoOn() throws {
        let broker = FakeBroker()
        let client = try client(broker)
        defer { client.stop() }
        #expect(greet(broker) != nil)
        #expect(listener.until { $0.count == 1 })
        ask(client, "$JS.API.INFO", "allowed")
        let line = try #require(broker.hear("PUB allowed "))
        broker.say("-ERR 'Permissions Violation for Publish to \"$JS.API.INFO\"'\r\n")
        #expect(listener.until { $0.lastFault != nil && $0.denied.count == 1 })
        #expect(listener.lastFault == listener.denied.first?.fault)
        #expect(listener.lastFault?.kind == .ours)
        #expect(
            listener.lastFault?.reason == "the server says: Permissions Violation for Publish to \"$JS.API.INFO\"")
        broker.say("MSG \(line.split(separator: " ")[2]) 1 2\r\n{}\r\n")
        #expect(listener.until { $0.received.count == 1 })
    }

    @Test func whereNoAnswerMayBeHeardThereIsNoConnection() throws {
        let broker = FakeBroker()
        let client = try client(broker)
        defer { client.stop() }
        try #require(broker.accept())
        broker.say("INFO {\"headers\":true}\r\n")
        try #require(broker.hear("PING") != nil)
        broker.say("-ERR 'Permissions Violation for Subscription to \"\(client.inbox).>\"'\r\nPONG\r\n")
        #expect(listener.until { $0.lastFault?.kind == .ours })
        #expect(listener.lastFault?.reason.contains("Permissions Violation for Subscription to") == true)
        #expect(listener.count == 0)
    }

    @Test func whatIsNotAllowedBesidesIsToldAndLeavesTheConnection() throws {
        let broker = FakeBroker()
        let client = try client(broker)
        defer { client.stop() }
        #expect(greet(broker) != nil)
        broker.say("-ERR 'Permissions Violation for Subscription to \"a.*\" using queue \"q\"'\r\nPING\r\n")
        #expect(broker.hear("PONG") != nil)
        #expect(listener.until { $0.denied.count == 1 })
        #expect(listener.denied.first?.act == .subscribe)
        #expect(listener.denied.first?.subject == "a.*")
        #expect(listener.lastFault == nil)
    }

    @Test func whatNobodyAnswersIsForLater() throws {
        let broker = FakeBroker()
        let client = try client(broker)
        defer { client.stop() }
        #expect(greet(broker) != nil)
        #expect(listener.until { $0.count == 1 })
        client.perform {
            client.request("nowhere", []) { result in
                guard case .failure(let fault) = result else { return }
                self.listener.disconnected(fault)
            }
        }
        let line = try #require(broker.hear("PUB nowhere "))
        broker.say("HMSG \(line.split(separator: " ")[2]) 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n")
        #expect(listener.until { $0.lastFault?.kind == .later })
    }

    @Test func aConnectionThatEndsIsMadeAnewWithAnotherServer() throws {
        let brokers = (FakeBroker(), FakeBroker())
        let client = try client(brokers.0, brokers.1)
        defer { client.stop() }
        #expect(greet(brokers.0) != nil)
        #expect(listener.until { $0.count == 1 })
        brokers.0.hangUp()
        #expect(greet(brokers.1) != nil)
        #expect(listener.until { $0.count == 2 })
    }

    @Test func aServerThatIsAboutToLeaveIsLeft() throws {
        let brokers = (FakeBroker(), FakeBroker())
        let client = try client(brokers.0)
        defer { client.stop() }
        let other = #""version":"2.15.1","connect_urls":["127.0.0.1:\#(brokers.1.port)"]"#
        #expect(greet(brokers.0, info: other) != nil)
        #expect(listener.until { $0.count == 1 })
        brokers.0.say("INFO {\(other),\"ldm\":true}\r\n")
        #expect(greet(brokers.1) != nil)
        #expect(listener.until { $0.count == 2 })
    }

    @Test func whatIsNotTheProtocolEndsTheConnection() throws {
        let broker = FakeBroker()
        let client = try client(broker)
        defer { client.stop() }
        #expect(broker.accept())
        broker.say("HTTP/1.1 400 Bad Request\r\n\r\n")
        #expect(listener.until { $0.lastFault != nil })
        #expect(listener.lastFault?.reason.contains("not the NATS protocol") == true)
        #expect(greet(broker) != nil)
    }

    @Test func aRefusalIsSaidInTheServersWords() throws {
        let broker = FakeBroker()
        let client = try client(broker)
        defer { client.stop() }
        #expect(broker.accept())
        broker.say("INFO {\"version\":\"2.15.1\"}\r\n")
        #expect(broker.hear("PING") != nil)
        broker.say("-ERR 'Authorization Violation'\r\n")
        broker.hangUp()
        #expect(listener.until { $0.lastFault?.reason.contains("Authorization Violation") == true })
    }
}
