import CPlatform
import Glibc
import Testing

@testable import Delivery

/// What becomes of requests on connections that are kept: one attempt is one request, and none that was written goes out again by itself.
struct KeptConnectionTests {
    private typealias HTTPUnderTest = HTTPTransportTests.HTTPUnderTest

    /// How requests reach an endpoint: on connections of the relay's own, or by libcurl, as all do that take TLS or a proxy.
    enum Way: CaseIterable { case own, libcurl }

    private func under(
        _ way: Way, _ react: @escaping @Sendable (HTTPEndpoint.Request, Int) -> HTTPEndpoint.Reaction
    ) throws -> (target: HTTPUnderTest, endpoint: HTTPEndpoint) {
        guard way == .libcurl else {
            let under = try HTTPUnderTest { react($0, $1) }
            return (under, under.endpoint)
        }
        let proxy = HTTPEndpoint(react)
        let under = try HTTPUnderTest(
            url: "http://crm.invalid/hooks", { $0.connection.proxy = "http://127.0.0.1:\(proxy.port)" }
        ) { _, _ in .hang }
        return (under, proxy)
    }

    @Test(arguments: Way.allCases, [HTTPEndpoint.Reaction.reset, .raw("")])
    func aRequestThatHasNoAnswerIsOneAttemptAlsoOnAKeptConnection(_ way: Way, _ end: HTTPEndpoint.Reaction)
        async throws
    {
        let (under, endpoint) = try under(way) { _, before in before == 1 ? end : .answer(200) }
        defer { endpoint.close() }
        #expect(try await under.deliver(.of(1)).answer?.status == 200)
        let ending = try await under.deliver(.of(2))
        #expect(ending.fault?.hasPrefix("connection reset") == true, "\(ending)")
        #expect(try await under.deliver(.of(3)).answer?.status == 200)
        #expect(endpoint.requests.map { $0["webhook-id"] } == ["msg_1", "msg_2", "msg_3"])
    }

    @Test(arguments: [("Keep-Alive: timeout=60, max=100", 1), ("Keep-Alive: max=9, TIMEOUT = 1", 2)])
    func aConnectionThatTheEndpointKeepsForASecondIsNotUsedAgain(field: String, connections: Int) async throws {
        // A machine that takes longer than a connection is kept is given another chance.
        for _ in 0..<20 {
            let under = try HTTPUnderTest { _, _ in .answer(200, fields: [field]) }
            let began = ContinuousClock.now
            #expect(try await under.deliver(.of(1)).answer?.status == 200)
            #expect(try await under.deliver(.of(2)).answer?.status == 200)
            if ContinuousClock.now - began > .milliseconds(PlainConnections.idleMilliseconds / 2) { continue }
            return #expect(under.endpoint.connections == connections)
        }
        Issue.record("two deliveries took longer than a connection is kept, twenty times over")
    }

    /// Somebody who asks for no report.
    private final class Nobody: TransferOwner {
        func ended(_ reports: [TransferReport]) {}
    }

    /// A connection one end of which is the test's.
    private final class Pair {
        let connection: PlainConnection
        let other: Int32

        init() throws {
            var ends: [Int32] = [-1, -1]
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
            other = ends[1]
            let endpoint = try #require(PlainEndpoint("http://h/", ConnectionSettings()))
            connection = PlainConnection(ends[0], to: "h", of: PlainPool(of: endpoint), now: 0)
        }

        deinit {
            close(connection.socket)
            close(other)
        }

        func start() throws -> PlainConnection.Outcome {
            let composer = try #require(RequestComposer(try .http("http://h/"), options: .plain()))
            return connection.start(try #require(composer.request(.of(1), tag: 1, owner: Nobody())), dueAt: 1000)
        }

        /// One request, which is answered.
        func exchange(_ fields: String = "") throws {
            _ = try start()
            let answer = Array("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\(fields)\r\n".utf8)
            try #require(write(other, answer, answer.count) == answer.count)
            withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) { _ = connection.read($0) }
            connection.finish(now: 100)
        }
    }

    @Test func aConnectionIsUsedAgainForFourSecondsOrForOneLessThanTheEndpointSays() throws {
        let pair = try Pair()
        try pair.exchange()
        #expect(pair.connection.isReusable)
        #expect(!pair.connection.isTooOld(4_099))
        #expect(pair.connection.isTooOld(4_100))
        try pair.exchange("Keep-Alive: timeout=20\r\n")
        #expect(!pair.connection.isTooOld(19_099))
        #expect(pair.connection.isTooOld(19_100))
        try pair.exchange("Keep-Alive: timeout=99999999999999999999\r\n")
        #expect(!pair.connection.isTooOld(118_099))
        #expect(pair.connection.isTooOld(118_100))
    }

    @Test func aConnectionWhoseEndHasComeHasNewsAndOneThatIsQuietHasNone() throws {
        let pair = try Pair()
        try pair.exchange()
        #expect(!pair.connection.hasNews)
        shutdown(pair.other, Int32(SHUT_WR))
        #expect(pair.connection.hasNews)
    }

    /// The epoll tells what a connection has to say before the next request is given to it; where it has not been asked since the
    /// last answer, or could not tell everything, the connection is looked at.
    @Test(arguments: [false, true], [false, true])
    func aConnectionThatEndsBehindItsAnswerIsNotUsedAgain(isAskedSince: Bool, isWhole: Bool) throws {
        let epoll = hs_epoll_create()
        defer { close(epoll) }
        let connections = PlainConnections(epoll: epoll)
        var ends: [Int32] = [-1, -1]
        let type = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        try #require(socketpair(AF_UNIX, Int32(type), 0, &ends) == 0)
        let other = ends[1]
        defer { close(other) }
        let composer = try #require(RequestComposer(try .http("http://h/"), options: .plain()))
        let request = try #require(composer.request(.of(1), tag: 1, owner: Nobody()))
        connections.add(ends[0], request, dueAt: 1000, now: 0)
        let token = UInt64(UInt32(bitPattern: ends[0])) | PlainConnections.mark
        let answer = Array("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".utf8)
        try #require(write(other, answer, answer.count) == answer.count)
        shutdown(other, Int32(SHUT_WR))
        connections.surveyed(isWhole: true)
        connections.ready(token, UInt32(EPOLLIN.rawValue), now: 0)
        #expect(connections.takeEnded().count == 1)
        if isAskedSince {
            connections.surveyed(isWhole: isWhole)
            if isWhole { connections.ready(token, UInt32(EPOLLIN.rawValue), now: 0) }
        }
        #expect(!connections.start(request, dueAt: 1000, now: 0))
        // It is closed: behind the request the other end sees that there comes no more, once a process that another test is just about
        // to start has let go of it, too.
        withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) { bytes in
            #expect(read(other, bytes.baseAddress, bytes.count) > 0)
            var wanted = pollfd(fd: other, events: Int16(POLLIN), revents: 0)
            #expect(poll(&wanted, 1, 30_000) == 1)
            #expect(read(other, bytes.baseAddress, bytes.count) == 0)
        }
    }

    @Test func aRequestOfWhichNothingCouldBeWrittenMayGoOutOnAnother() throws {
        let pair = try Pair()
        try pair.exchange()
        shutdown(pair.other, Int32(SHUT_RDWR))
        guard case .stale = try pair.start() else {
            Issue.record("it counts as sent")
            return
        }
    }
}
