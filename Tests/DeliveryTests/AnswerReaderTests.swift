import TestSupport
import Testing

@testable import Delivery

struct AnswerReaderTests {
    /// Reads an answer that comes in pieces of so many bytes, and its end behind it.
    private func read(_ text: String, piece: Int, kept: Int = 1024) -> (reader: AnswerReader, AnswerReader.Progress) {
        var reader = AnswerReader(keptBodyBytes: kept)
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = min(start + piece, bytes.count)
            let progress = bytes[start..<end].withUnsafeBytes { reader.take($0) }
            if progress != .more { return (reader, progress) }
            start = end
        }
        return (reader, reader.end())
    }

    private static let answers: [(text: String, status: Int, body: String, isKept: Bool)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true),
        ("HTTP/1.1 200\r\ncontent-length:  0 \r\n\r\n", 200, "", true),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", true),
        ("HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", 304, "", true),
        ("HTTP/1.0 200 OK\ncontent-length: 2\n\nok", 200, "ok", false),
        ("HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 2\r\n\r\nok", 200, "ok", true),
        ("HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 2\r\n\r\nok", 200, "ok", false),
        ("HTTP/1.1 200 OK\r\nConnection: foreclosed, keep-alive\r\ncontent-length: 2\r\n\r\nok", 200, "ok", true),
        (
            "HTTP/1.1 200 OK\r\nConnection:x ,\tCLOSE \r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok", 200,
            "ok", false
        ),
        ("HTTP/1.0 200 OK\r\nconnection: keep-alive,close\r\ncontent-length: 2\r\n\r\nok", 200, "ok", false),
        ("HTTP/1.1 500 \r\n\r\nuntil the end", 500, "until the end", false),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 OK\r\ncontent-length: 1\r\n\r\nx", 202, "x", true),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\nA\r\n, world, 1\r\n0\r\nx-t: 1\r\n\r\n",
            200, "hello, world, 1", true
        ),
    ]

    @Test(arguments: answers.indices, [1, 2, 3, 7, 1000]) func anAnswerIsTheSameInWhateverPiecesItComes(
        index: Int, piece: Int
    ) {
        let (text, status, body, isKept) = AnswerReaderTests.answers[index]
        let (reader, progress) = read(text, piece: piece)
        #expect(progress == .whole)
        #expect(reader.answer.status == status)
        #expect(String(decoding: reader.answer.body, as: UTF8.self) == body)
        #expect(reader.keepsConnection == isKept)
    }

    @Test(arguments: answers.indices) func anAnswerThatEndsEarlierIsNotWhole(index: Int) {
        let (text, _, _, _) = AnswerReaderTests.answers[index]
        // One without a length ends with the connection, wherever that is.
        guard !text.contains("until the end") else { return }
        for count in 0..<text.utf8.count {
            let (_, progress) = read(String(decoding: text.utf8.prefix(count), as: UTF8.self), piece: 1000)
            guard case .broken = progress else {
                Issue.record("\(count) bytes of \(text.debugDescription) were taken for an answer")
                continue
            }
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "two lengths"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\n", "no number"),
        ("HTTP/1.1 200 OK\r\ncontent-length: +1\r\n\r\n", "no number"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n", "no size"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n", "no size"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n", "longer than its size"),
        ("HTTP/1.1 2000 OK\r\n\r\n", "no status line"), ("HTTP/2 200\r\n\r\n", "no status line"),
        ("HTTP/1.1 000 OK\r\n\r\n", "no status line"), ("HTTP/1.1 099 OK\r\n\r\n", "no status line"),
        ("ICY 200 OK\r\n\r\n", "no status line"), ("H", "cut off inside its headers"),
    ]) func whatIsNoAnswerIsSaidToBeNone(text: String, reason: String) {
        for piece in [1, 1000] {
            guard case .broken(let found) = read(text, piece: piece).1 else {
                Issue.record("\(text.debugDescription) was taken for an answer")
                continue
            }
            #expect(found.contains(reason), "\(found)")
        }
    }

    @Test func headersHaveALimitInOneLineAndInMany() {
        for line in [String(repeating: "a", count: 40_000), String(repeating: "a: b\r\n", count: 8000)] {
            let (_, progress) = read("HTTP/1.1 200 OK\r\n" + line, piece: 1000)
            #expect(progress == .broken(reason: "the answer's headers are over 16 KiB"))
        }
    }

    @Test func interimAnswersCountTowardsTheSameLimit() {
        let (_, progress) = read(String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 4000), piece: 1000)
        #expect(progress == .broken(reason: "the answer's headers are over 16 KiB"))
    }

    @Test func aBodyOverItsLimitIsLeftAndItsConnectionToo() {
        let body = String(repeating: "x", count: Transfer.bodyLimitBytes + 1)
        let (reader, progress) = read("HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n" + body, piece: 10_000)
        #expect(progress == .whole)
        #expect(reader.answer.body.count == 1024)
        #expect(!reader.keepsConnection)
    }

    @Test func whatComesBehindAnAnswerCostsTheConnection() {
        let (reader, _) = read("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n", piece: 1000)
        #expect(!reader.keepsConnection)
    }

    @Test func noBytesWhateverTheyAreDoMoreThanBreakIt() {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "HTTP/1.1 200 OK\r\n", "\r\n", "\n", "content-length: 3\r\n", "transfer-encoding: chunked\r\n", "5\r\n",
            "hello", "0\r\n", ":", "HTTP/1.", "\u{0}", "é",
        ]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 1...8, using: &random)).map { _ in pieces.randomElement(using: &random)! }
                .joined()
            let piece = Int.random(in: 1...20, using: &random)
            let (one, progress) = read(text, piece: piece)
            let (other, whole) = read(text, piece: 1 << 20)
            #expect(progress == whole, "\(text.debugDescription) in pieces of \(piece)")
            if progress == .whole { #expect(one.answer == other.answer, "\(text.debugDescription)") }
        }
    }
}
