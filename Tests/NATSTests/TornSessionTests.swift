import NATS
import TestSupport
import Testing

/// A broker whose words are torn, come late or in another order, or break off, at every byte.
@Suite(.serialized) struct TornSessionTests {
    private static let info = "INFO {\"version\":\"2.15.1\",\"headers\":true,\"max_payload\":1048576}\r\n"

    private let listener = Listener()

    private func client(_ broker: FakeBroker) throws -> Client {
        let address = try #require(ServerAddress("nats://127.0.0.1:\(broker.port)"))
        let client = try Client(ClientSettings(servers: [address], name: "test"))
        #expect(client.start(owner: listener))
        return client
    }

    private func greet(_ broker: FakeBroker) throws {
        try #require(broker.accept())
        broker.say(TornSessionTests.info)
        try #require(broker.hear("PING") != nil)
        broker.say("PONG\r\n")
    }

    @Test func wordsThatPauseAtAnyByteAreUnderstood() throws {
        let broker = FakeBroker()
        let client = try client(broker)
        defer { client.stop() }
        try greet(broker)
        #expect(listener.until { $0.count == 1 })
        let words =
            "MSG a.b 1 reply 5\r\nhello\r\nPING\r\n+OK\r\nHMSG a.c 1 21 23\r\nNATS/1.0\r\nname: x\r\n\r\n\r\n\r\nMSG d 1 0\r\n\r\n"
        let places = Array(words.utf8.indices).indices
        for place in places { broker.say(words, tornAt: [place]) }
        broker.say(words, tornAt: Array(places.dropFirst()))
        #expect(listener.until { $0.received.count == 3 * (places.count + 1) })
        let subjects = listener.received.map(\.subject)
        #expect(subjects == Array(repeating: ["a.b", "a.c", "d"], count: places.count + 1).flatMap { $0 })
        #expect(listener.received.allSatisfy { $0.subject != "a.b" || $0.payload == Array("hello".utf8) })
        #expect(listener.received.allSatisfy { $0.subject != "a.c" || $0.headers?["name"] == "x" })
        #expect(listener.lastFault == nil)
    }

    /// A good connection comes between any two, so that the client does not wait longer and longer.
    @Test func aConnectionThatEndsAtAnyByteOfItsBeginningIsMadeAnew() throws {
        let broker = FakeBroker()
        let client = try client(broker)
        defer { client.stop() }
        let beginning = Array(TornSessionTests.info.utf8)
        for end in stride(from: 0, to: beginning.count, by: 2) {
            try #require(broker.accept())
            broker.say(String(decoding: beginning[..<end], as: UTF8.self))
            broker.hangUp()
            try greet(broker)
            #expect(listener.until { $0.count == end / 2 + 1 })
            broker.hangUp()
        }
    }

    @Test func aMessageThatBreaksOffAtAnyByteIsNotHandedOverAndTheNextConnectionBeginsAfresh() throws {
        let broker = FakeBroker()
        let client = try client(broker)
        defer { client.stop() }
        let message = Array("HMSG a 1 12 17\r\nNATS/1.0\r\n\r\nhello\r\n".utf8)
        for end in message.indices {
            try greet(broker)
            #expect(listener.until { $0.count == end + 1 })
            broker.say(String(decoding: message[..<end], as: UTF8.self))
            broker.hangUp()
        }
        try greet(broker)
        broker.say(String(decoding: message, as: UTF8.self))
        #expect(listener.until { !$0.received.isEmpty })
        #expect(listener.received.map(\.payload) == [Array("hello".utf8)])
    }

    @Test(arguments: 1...10)
    func answersInAnyOrderTornAnywhereComeEachToWhoAsked(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        let broker = FakeBroker()
        let client = try client(broker)
        defer { client.stop() }
        try greet(broker)
        #expect(listener.until { $0.count == 1 })
        let count = 40
        client.perform {
            for number in 0..<count {
                client.request("ask.\(number)", []) { result in
                    guard case .success(let message) = result else { return }
                    // Who asked, and what it was told.
                    self.listener.received(Message(subject: "\(number)", subscription: 1, payload: message.payload))
                }
            }
        }
        var answers = ""
        let replies = try (0..<count).map { number in
            let line = try #require(broker.hear("PUB ask.\(number) "))
            return String(line.split(separator: " ")[2])
        }
        for (number, reply) in replies.enumerated().shuffled(using: &random) {
            answers += "MSG \(reply) 1 \(String(number).count)\r\n\(number)\r\n" + (number % 7 == 0 ? "PING\r\n" : "")
        }
        broker.say(answers, tornAt: random.splits(of: answers.utf8.count))
        #expect(listener.until { $0.received.count == count })
        #expect(listener.received.allSatisfy { Array($0.subject.utf8) == $0.payload })
        #expect(Set(listener.received.map(\.subject)).count == count)
    }
}
