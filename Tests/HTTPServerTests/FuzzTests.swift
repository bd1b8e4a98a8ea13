import TestSupport
import Testing

@testable import HTTPServer

/// Requests with a few bytes changed by chance. A failure says its seed.
struct FuzzTests {
    private static let requests = [
        "POST /hooks/a?b=c HTTP/1.1\r\nHost: relay:80\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        "\r\nGET http://relay/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: a, close\r\nExpect: 100-continue\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\nX-Signature: abc=\t\r\n\r\n0\r\n\r\n",
    ].map { Array($0.utf8) }
    private static let bodies = [
        "5\r\nabcde\r\n0\r\n\r\n", "1;a=\"b\"\r\nx\r\n0A\r\n0123456789\r\n00\r\nX: y\r\n\r\n", "0\r\n\r\nnext",
        "fffffff\r\nabc", "3\r\na\r\n\r\n1\r\n0\r\n0\r\nA: b\r\nC: d\r\n\r\n",
    ].map { Array($0.utf8) }
    private static let pieces = [
        "\r", "\n", "\r\n", "\r\n\r\n", "\0", " ", "\t", ":", ",", ";", "0", "f", "chunked", "Content-Length: 1\r\n",
        "Transfer-Encoding: chunked\r\n", "Host: b\r\n", "HTTP/1.1", "http://", "\u{FEFF}", "\u{212A}", "é", "\u{7F}",
        "18446744073709551615", "7fffffffffffffff", " folded\r\n",
    ]

    @Test func aHeadMeansTheSameHoweverItArrives() {
        var limits = ServerLimits()
        (limits.headerBytes, limits.headerCount, limits.targetBytes) = (220, 6, 40)
        for seed in 0..<4000 {
            var chance = SeededGenerator(seed: seed)
            let request = FuzzTests.requests.randomElement(using: &chance)!
            let bytes = chance.mutated(request, pieces: FuzzTests.pieces)
            let whole = HeadOutcome(bytes, limits: limits)
            let inPieces = HeadOutcome(bytes, arrivingAt: chance.splits(of: bytes.count), limits: limits)
            #expect(inPieces == whole, "seed \(seed)")
            if let head = whole.head { #expect(head.end <= bytes.count, "seed \(seed)") }
        }
    }

    @Test func aReadHeadIsWithoutDoubt() {
        for seed in 0..<4000 {
            var chance = SeededGenerator(seed: seed)
            let request = FuzzTests.requests.randomElement(using: &chance)!
            let bytes = chance.mutated(request, pieces: FuzzTests.pieces)
            guard let head = HeadOutcome(bytes).head else { continue }
            func count(_ name: String) -> Int {
                head.fields.count { $0.lowercased().hasPrefix(name + ":") }
            }
            #expect(count("content-length") + count("transfer-encoding") <= 1, "seed \(seed)")
            #expect(count("host") <= 1, "seed \(seed)")
            #expect((head.framing == .chunked) == (count("transfer-encoding") == 1), "seed \(seed)")
            #expect(
                (head.framing == .none) == (count("content-length") + count("transfer-encoding") == 0), "seed \(seed)")
            let isClean = bytes[..<head.end].indices.allSatisfy { index in
                switch bytes[index] {
                case 0x0A: index > 0 && bytes[index - 1] == 0x0D
                case 0x0D: index + 1 < head.end && bytes[index + 1] == 0x0A
                case 0x09, 0x20...0x7E, 0x80...0xFF: true
                default: false
                }
            }
            #expect(isClean, "seed \(seed)")
        }
    }

    @Test func aChunkedBodyMeansTheSameHoweverItArrives() {
        for seed in 0..<4000 {
            var chance = SeededGenerator(seed: seed)
            let body = FuzzTests.bodies.randomElement(using: &chance)!
            let bytes = chance.mutated(body, pieces: FuzzTests.pieces)
            let splits = chance.splits(of: bytes.count)
            #expect(
                ChunkedOutcome(bytes, arrivingAt: splits, limitBytes: 30) == ChunkedOutcome(bytes, limitBytes: 30),
                "seed \(seed)")
        }
    }

    @Test func pipelinesOfAllKindsAreAnsweredInOrder() throws {
        let server = try ServerUnderTest()
        for seed in 0..<60 {
            var chance = SeededGenerator(seed: seed)
            let client = try Client(server)
            var bytes: [UInt8] = []
            var expected: [String] = []
            for number in 0..<Int.random(in: 1...30, using: &chance) {
                let length = Int.random(in: 0...[0, 10, 300, 40_000].randomElement(using: &chance)!, using: &chance)
                let body = String(repeating: "\(number % 10)", count: length)
                bytes += FuzzTests.request("/\(number)", body, &chance)
                expected.append("POST /\(number) \(body)")
            }
            var start = 0
            for end in chance.splits(of: bytes.count) + [bytes.count] {
                try client.send(Array(bytes[start..<end]))
                try server.look { _ in }
                start = end
            }
            for body in expected { #expect(try client.answer().body == body, "seed \(seed)") }
        }
    }

    @Test func nothingThatAClientSendsEndsTheServer() throws {
        let server = try ServerUnderTest { $0.connections = 20 }
        for seed in 0..<400 {
            var chance = SeededGenerator(seed: seed)
            let client = try Client(server)
            let request = FuzzTests.requests.randomElement(using: &chance)!
            let bytes = chance.mutated(
                request + FuzzTests.bodies.randomElement(using: &chance)!, pieces: FuzzTests.pieces)
            try? client.send(bytes)
            if Bool.random(using: &chance) { client.breakOff() } else { client.finish() }
        }
        // The last of them may still have the places: whoever comes then is told to come again.
        var answer: Answer?
        while answer == nil || answer?.status == 503 {
            let client = try Client(server)
            try? client.send("POST", "/echo", "still here")
            answer = try client.answer()
        }
        #expect(answer?.body == "POST /echo still here")
    }

    /// A request whose body is framed one way or the other.
    private static func request(_ path: String, _ body: String, _ chance: inout SeededGenerator) -> [UInt8] {
        var text = "POST \(path) HTTP/1.1\r\nHost: a\r\n"
        if Bool.random(using: &chance) {
            text += "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        } else {
            text += "Transfer-Encoding: chunked\r\n\r\n"
            var rest = Substring(body)
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...max(1, body.count / 3), using: &chance))
                text += "\(String(piece.count, radix: 16));x\r\n\(piece)\r\n"
                rest = rest.dropFirst(piece.count)
            }
            text += "0\r\n\r\n"
        }
        return Array(text.utf8)
    }
}
