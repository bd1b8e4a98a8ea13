import Foundation
import Spool
import Synchronization
import Testing

@testable import Relay

/// What a record file gains goes to the cluster, whatever becomes of either meanwhile.
struct RecordFeedTests {
    /// A stream that takes what it is given, unless it is away.
    private final class Stream: RecordSink {
        let messages = Mutex<[(lines: String, place: String)]>([])
        let isAway = Mutex(false)

        var limitBytes: Int { 64 }

        func prepare() throws(SpoolError) {
            if isAway.withLock({ $0 }) { throw .elsewhere(reason: "away") }
        }

        func lastPlace() throws(SpoolError) -> String? { messages.withLock { $0.last?.place } }

        func publish(_ lines: [UInt8], upTo place: String, _ done: @escaping @Sendable (String?) -> Void) {
            guard !isAway.withLock({ $0 }) else { return done("away") }
            messages.withLock { $0.append((String(decoding: lines, as: UTF8.self), place)) }
            done(nil)
        }

        var text: String { messages.withLock { $0.map(\.lines).joined() } }
    }

    private final class Directory: Sendable {
        let path = NSTemporaryDirectory() + "hookswitch-\(UUID().uuidString)"
        let notices = Mutex<[String]>([])

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func append(_ text: String, to name: String = "failures.ndjson") throws {
            let there = (try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)) ?? ""
            if there.isEmpty { return try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8) }
            let file = try #require(FileHandle(forWritingAtPath: "\(path)/\(name)"))
            try file.seekToEnd()
            try file.write(contentsOf: Data(text.utf8))
            try file.close()
        }

        func setAside(_ moment: String) throws {
            try FileManager.default.moveItem(
                atPath: path + "/failures.ndjson", toPath: "\(path)/failures-\(moment).ndjson")
        }

        func feed(_ stream: Stream, behindLimitBytes: Int = 1 << 20) -> RecordFeed {
            RecordFeed(
                RecordPages(directory: path, stem: "failures"), to: stream, behindLimitBytes: behindLimitBytes
            ) { [weak self] message, values in
                self?.notices.withLock { $0.append(values.reduce(message) { "\($0) \($1.key)=\($1.value)" }) }
            }
        }
    }

    /// Lines of eight bytes.
    private func lines(_ numbers: ClosedRange<Int>) -> String {
        numbers.map { "line" + String("00\($0)".suffix(3)) + "\n" }.joined()
    }

    private let patience = 60_000

    @Test func whatTheFileGainsIsPassedOnInItsOrderAndNothingTwice() throws {
        let (directory, stream) = (try Directory(), Stream())
        let feed = directory.feed(stream)
        try directory.append(lines(1...20))
        feed.drain(within: patience)
        try directory.append(lines(21...25))
        try directory.setAside("20260101T000000Z")
        try directory.append(lines(26...40) + "torn")
        feed.drain(within: patience)
        feed.drain(within: patience)
        #expect(stream.text == lines(1...40))
        #expect(stream.messages.withLock { $0.allSatisfy { $0.lines.utf8.count <= 64 } })
        #expect(directory.notices.withLock { $0 } == [])
    }

    @Test func aFeedOfAFormerDaysFileBeginsAtItsEnd() throws {
        let (directory, stream) = (try Directory(), Stream())
        try directory.append(lines(1...20))
        let feed = directory.feed(stream)
        feed.drain(within: patience)
        #expect(stream.text == "")
        try directory.append(lines(21...21))
        feed.drain(within: patience)
        #expect(stream.text == lines(21...21))
    }

    @Test func afterARestartItGoesOnWhereTheStreamIs() throws {
        let (directory, stream) = (try Directory(), Stream())
        let feed = directory.feed(stream)
        try directory.append(lines(1...10))
        feed.drain(within: patience)
        // Written, and not passed on: the relay was killed.
        try directory.append(lines(11...30))
        directory.feed(stream).drain(within: patience)
        #expect(stream.text == lines(1...30))
    }

    @Test func whileTheStreamIsAwayTheLinesWaitInTheFile() throws {
        let (directory, stream) = (try Directory(), Stream())
        let feed = directory.feed(stream)
        try directory.append(lines(1...5))
        feed.drain(within: patience)
        stream.isAway.withLock { $0 = true }
        try directory.append(lines(6...50))
        feed.drain(within: 50)
        #expect(stream.text == lines(1...5))
        stream.isAway.withLock { $0 = false }
        feed.drain(within: patience)
        #expect(stream.text == lines(1...50))
        #expect(feed.passedOver == 0)
        #expect(directory.notices.withLock { $0.count } == 1)
    }

    @Test func ofMoreThanMayWaitTheOldestArePassedOverAndCounted() throws {
        let (directory, stream) = (try Directory(), Stream())
        let feed = directory.feed(stream, behindLimitBytes: 80)
        try directory.append(lines(1...30))
        try directory.setAside("20260101T000000Z")
        try directory.append(lines(31...35))
        feed.drain(within: patience)
        #expect(stream.text == lines(31...35))
        #expect(feed.passedOver == 30)
        #expect(
            directory.notices.withLock { $0 } == [
                "lines are passed over, the cluster does not get them; the file has them file=failures.ndjson lines=30"
            ])
    }

    @Test func aFileThatSomebodyMovesIsSaidAndThePresentOneGoesOn() throws {
        let (directory, stream) = (try Directory(), Stream())
        let feed = directory.feed(stream)
        try directory.append(lines(1...2))
        try directory.setAside("20260101T000000Z")
        try directory.append(lines(3...3))
        feed.drain(within: patience)
        try directory.append(lines(4...6))
        // A file beside the old one, so that it can't get the same inode.
        try directory.append(lines(7...9), to: "new")
        try FileManager.default.removeItem(atPath: directory.path + "/failures.ndjson")
        feed.drain(within: patience)
        #expect(stream.text == lines(1...3))
        try FileManager.default.moveItem(atPath: directory.path + "/new", toPath: directory.path + "/failures.ndjson")
        feed.drain(within: patience)
        #expect(stream.text == lines(1...3) + lines(7...9))
        #expect(directory.notices.withLock { $0.count } == 1)
    }

    @Test func aLineThatIsTooLongIsPassedOverAlone() throws {
        let (directory, stream) = (try Directory(), Stream())
        let feed = directory.feed(stream)
        try directory.append(lines(1...1) + String(repeating: "x", count: 300) + "\n" + lines(2...2))
        feed.drain(within: patience)
        #expect(stream.text == lines(1...2))
        #expect(feed.passedOver == 1)
    }
}
