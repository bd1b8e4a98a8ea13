import EventJSON
import Foundation
import Spool
import Testing

@testable import Delivery

/// A receiver that misbehaves by plan: what becomes of the attempt, over real sockets.
struct MisbehavingEndpointTests {
    private static let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: b\r\n\r\nhello"

    private final class Endpoint: Reporting {
        let server: HTTPEndpoint
        let reports = Reports()
        let transport: HTTPTransport
        private let loop: TransferLoop

        init(
            url: @escaping (HTTPEndpoint) -> String = { $0.url() }, timeout: Duration = .seconds(20),
            _ change: (inout TargetSettings) throws -> Void = { _ in },
            _ react: @escaping @Sendable (HTTPEndpoint.Request, Int) -> HTTPEndpoint.Reaction
        ) throws {
            server = HTTPEndpoint(react)
            loop = try #require(TransferLoop.started())
            var target = try TargetSettings.http(url(server))
            target.timeout = timeout
            try change(&target)
            transport = try #require(HTTPTransport(target, loop: loop, options: .plain(), sink: reports.sink))
        }

        deinit {
            loop.submit(.stop)
            server.close()
        }

        func deliver(_ attempts: [Attempt]) async throws -> [EventNumber: AttemptEnding] {
            transport.start(attempts)
            let reports = try await reports.wait(for: attempts.count)
            return Dictionary(uniqueKeysWithValues: reports.map { ($0.event, $0.ending) })
        }
    }

    @Test(arguments: [true, false]) func anAnswerThatEndsAfterAnyOfItsBytesIsNoDelivery(isReset: Bool) async throws {
        let bytes = MisbehavingEndpointTests.answer
        let under = try Endpoint { request, _ in
            let count = Int(request["webhook-id"]?.dropFirst(4) ?? "") ?? 0
            let part = String(decoding: bytes.utf8.prefix(count - 1), as: UTF8.self)
            return isReset ? .cut(part) : .raw(part)
        }
        let count = bytes.utf8.count
        let endings = try await under.deliver((1...UInt64(count)).map { .of(EventNumber(rawValue: $0)) })
        for (event, ending) in endings {
            guard case .broken(let reason, _) = ending else {
                Issue.record("\(event.rawValue - 1) bytes of an answer were taken for one: \(ending)")
                continue
            }
            let isKnown = ["connection reset", "the answer was cut off", "the answer is not HTTP"].contains {
                reason.hasPrefix($0)
            }
            #expect(isKnown, "after \(event.rawValue - 1) bytes: \(reason)")
            #expect(Verdict(ending, policy: RetryPolicy(), now: 0) == .again)
        }
    }

    @Test func anAnswerThatIsWholeIsADeliveryThoughTheConnectionIsResetBehindIt() async throws {
        let under = try Endpoint { _, _ in .cut(MisbehavingEndpointTests.answer) }
        #expect(try await under.deliver([.of(1)])[1]?.answer?.status == 200)
    }

    @Test(
        arguments: [
            // libcurl takes a length that no number holds for none: the body ends with the connection.
            ("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\nx", 200),
            ("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nx", nil),
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhello", 200),
            ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello", nil),
            ("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n", nil),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", nil),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204),
            ("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200),
            ("HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n", nil),
            ("HTTP/1.1 600 What\r\ncontent-length: 0\r\n\r\n", nil),
            ("HTTP/1.1 599 What\r\ncontent-length: 0\r\n\r\n", 599),
            ("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", nil), ("HTTP/1.1 20 OK\r\n\r\n", nil),
            ("<html>", nil), ("\r\n\r\n", nil), ("HTTP/1.1\r\n\r\n", nil),
        ] as [(String, Int?)]) func eachAnswerIsTakenForWhatItIs(bytes: String, status: Int?) async throws
    {
        let under = try Endpoint { _, _ in .raw(bytes) }
        let ending = try await under.deliver([.of(1)])[1]
        #expect(ending?.answer?.status == status, "\(String(describing: ending))")
        if let ending, status == nil { #expect(Verdict(ending, policy: RetryPolicy(), now: 0) == .again) }
    }

    @Test func aBodyWithoutEndIsLeftAfterItsLimit() async throws {
        let under = try Endpoint { _, _ in .flood(1 << 30) }
        #expect(try await under.deliver([.of(1)])[1]?.answer?.status == 200)
    }

    /// Values that try to get out of their places.
    static let hostile: [String] = [
        "\"}],\"x\":[{\"", "a\r\nx-evil: 1\r\n\r\nGET / HTTP/1.1", "../../../etc/passwd", "..", ".", "", "\u{0}",
        "%00%0d%0a", "$(touch /tmp/x) `id` ; |", "@evil.example.com/", "//evil.example.com", "?a=b&c=d#e", "🙂é",
        "\u{202E}gnp.exe", "\u{FEFF}\u{2028}", "${@target} ${type}", "\\u0022\\",
        String(repeating: "ä", count: 32 << 10),
    ]

    @Test(arguments: hostile.indices) func noValueLeavesItsPlace(index: Int) async throws {
        let value = MisbehavingEndpointTests.hostile[index]
        let under = try Endpoint(url: { $0.url("/a/${v}/b?q=${v}&z=1") }) { target in
            target.body = JSONTemplate(
                .object([
                    ("alone", .template(try Template(parsing: "${v}"))),
                    ("inside", .template(try Template(parsing: "<${v}>"))),
                ]))
            if case .http(var http) = target.kind {
                http.headers = [("x-value", try Template(parsing: "<${v}>"))]
                target.kind = .http(http)
            }
        } _: { _, _ in
            .answer(200)
        }
        var event = JSONWriter()
        event.object { $0.member("v", value) }
        let ending = try await under.deliver([.of(1, body: event.text)])[1]
        #expect(ending?.answer?.status == 200)
        let request = try #require(under.server.requests.first)
        let parts = request.line.split(separator: " ")
        #expect(parts.count == 3)
        let target = String(parts[1])
        #expect(target.hasPrefix("/a/") && target.hasSuffix("&z=1"))
        let inside = target.dropFirst(3).prefix { $0 != "/" && $0 != "?" }
        #expect(inside.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
        #expect(target.dropFirst(3 + inside.count).hasPrefix("/b?q="))
        #expect(!request.fields.contains { $0.name == "x-evil" })
        #expect(request.values("x-value").count == 1)
        #expect(request["host"] == "127.0.0.1:\(under.server.port)")
        let paths = ["alone", "inside"].map { EventPath($0) }
        let found = EventBody.values(at: paths, in: request.body)
        #expect(found?[paths[0]] == .text(Array(value.utf8)))
        #expect(found?[paths[1]] == .text(Array("<\(value)>".utf8)))
        #expect(under.server.requests.count == 1)
    }

    @Test func descriptorsAreBackAfterManyDeliveriesOfWhichManyFail() async throws {
        let under = try Endpoint { _, number in number % 3 == 0 ? .cut("HTTP/1.1 2") : .answer(200, body: "ok") }
        func deliver(_ events: Range<UInt64>) async throws {
            under.transport.start(events.map { .of(EventNumber(rawValue: $0)) })
            _ = try await under.wait(for: Int(events.upperBound) - 1)
        }
        try await deliver(1..<201)
        let before = try openDescriptors()
        for round in 0..<60 {
            let start = 201 + UInt64(round) * 50
            try await deliver(start..<(start + 50))
        }
        // Other tests run at the same time: what they have open comes and goes.
        try await eventually("the descriptors are back") { try openDescriptors() <= before + 100 }
    }

    private func openDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}
