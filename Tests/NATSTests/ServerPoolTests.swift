import Testing

@testable import NATS

@Suite struct ServerPoolTests {
    private let servers = ["nats://a:1", "nats://b:2"].compactMap { ServerAddress($0) }

    @Test func serversAreTriedInTurn() {
        var pool = ServerPool(servers, first: 1)
        #expect(pool.choose(now: 0).address == servers[1])
        #expect(pool.choose(now: 0).address == servers[0])
        #expect(pool.choose(now: 0).address == servers[1])
    }

    @Test func aServerThatFailedIsLeftAloneForLongerAndLonger() {
        var pool = ServerPool([servers[0]])
        var waits: [Int64] = []
        var now: Int64 = 0
        for _ in 0..<9 {
            pool.failed(servers[0], now: now, random: 0.5)
            let (address, wait) = pool.choose(now: now)
            #expect(address == nil)
            waits.append(wait)
            now += wait
            #expect(pool.choose(now: now).address == servers[0])
        }
        #expect(waits.first == ServerPool.firstWait)
        #expect(waits.last == ServerPool.longestWait)
        #expect(waits == waits.sorted())
    }

    @Test func aClusterNamesItsServersAndThoseOfTheConfigurationStay() {
        var pool = ServerPool(servers)
        pool.learn(["b:2", "c:3", "nonsense:x"], secure: false)
        #expect(pool.addresses.map(\.description) == ["a:1", "b:2", "c:3"])
        pool.learn(["d:4"], secure: false)
        #expect(pool.addresses.map(\.description) == ["a:1", "b:2", "d:4"])
    }

    @Test(arguments: [
        ("nats://a", "a:4222"), ("a:1", "a:1"), ("tls://[::1]:5", "[::1]:5"), ("nats://a:1/", "a:1"),
    ])
    func anAddressIsRead(text: String, shown: String) {
        #expect(ServerAddress(text)?.description == shown)
    }

    @Test(arguments: ["", "http://a:1", "nats://", "a:0", "a:b", "a:1:2", "nats://user:word@a:1", "[::1"])
    func whatIsNoAddressIsRefused(text: String) {
        #expect(ServerAddress(text) == nil)
    }
}
