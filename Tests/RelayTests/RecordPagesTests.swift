import Foundation
import Spool
import Testing

@testable import Relay

/// The audit log read backwards, page by page.
struct RecordPagesTests {
    private final class Files {
        let directory = NSTemporaryDirectory() + "hookswitch-\(UUID().uuidString)"

        init() throws {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: directory) }

        func write(_ name: String, _ lines: [String], torn: String = "") throws {
            let text = lines.map { $0 + "\n" }.joined() + torn
            try text.write(toFile: "\(directory)/\(name)", atomically: false, encoding: .utf8)
        }

        func page(_ query: String, routes: @escaping (EventNumber) -> [String] = { _ in [] }) throws -> RecordPage {
            try RecordPage(
                RecordQuery(query, now: 0), of: RecordPages(directory: directory, stem: "audit"), routes: routes)
        }
    }

    private static func line(_ number: Int, _ status: String = "SUCCEEDED", at: String = "2026-01-01T00:00:00.000Z")
        -> String
    {
        #"{"status":"\#(status)","type":"t","webhook_id":"whs_\#(number)","source":"s","target":"a","request_id":"v-Q\#(number)","executed_at":"\#(at)","delivery":"\#(number)/a"}"#
    }

    private static func numbers(_ page: RecordPage) -> [Int] {
        page.lines.compactMap { line in
            let text = String(decoding: line, as: UTF8.self)
            return text.components(separatedBy: "whs_").last.flatMap { Int($0.prefix { $0.isNumber }) }
        }
    }

    @Test func pagesGoBackOverFilesSetAsideAndEachLineComesOnce() throws {
        let files = try Files()
        try files.write("audit-20260101T000000Z.ndjson", (1...1000).map { RecordPagesTests.line($0) })
        try files.write("audit-20260102T000000Z.ndjson", (1001...3000).map { RecordPagesTests.line($0) })
        try files.write("audit.ndjson", (3001...3010).map { RecordPagesTests.line($0) }, torn: #"{"status":"SUC"#)
        var found: [Int] = []
        var query = "limit=300"
        while true {
            let page = try files.page(query)
            found += RecordPagesTests.numbers(page)
            guard let older = page.older else { break }
            query = "limit=300&before=\(older)"
        }
        #expect(found == (1...3010).reversed())
    }

    @Test func aFileThatCannotBeReadIsNotAnEmptyOne() throws {
        let files = try Files()
        try files.write("audit-20260101T000000Z.ndjson", [RecordPagesTests.line(1)])
        // A link to itself: opening it fails for everybody.
        let path = files.directory + "/audit.ndjson"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
        #expect(throws: FileReadError.self) { try files.page("limit=2") }
        var all = RecordFiles(spool: files.directory, stem: "audit")
        #expect(throws: FileReadError.self) { try all.all { _ in } }
    }

    @Test func whatIsNewerFollowsAcrossARotation() throws {
        let files = try Files()
        try files.write("audit.ndjson", (1...5).map { RecordPagesTests.line($0) })
        let first = try files.page("limit=2")
        #expect(RecordPagesTests.numbers(first) == [5, 4])
        let path = files.directory + "/audit"
        let handle = try #require(FileHandle(forWritingAtPath: path + ".ndjson"))
        try handle.seekToEnd()
        handle.write(Data((RecordPagesTests.line(6) + "\n").utf8))
        try handle.close()
        #expect(rename(path + ".ndjson", path + "-20260103T000000Z.ndjson") == 0)
        try files.write("audit.ndjson", [RecordPagesTests.line(7)])
        let more = try files.page("after=\(first.newer)")
        #expect(RecordPagesTests.numbers(more) == [7, 6])
        #expect(RecordPagesTests.numbers(try files.page("after=\(more.newer)")) == [])
        // The place before the rotation still leads to what is older.
        let older = try #require(first.older)
        #expect(RecordPagesTests.numbers(try files.page("before=\(older)")) == [3, 2, 1])
    }

    @Test func aPlaceThatIsGoneLeadsNowhereAndNothingIsRepeated() throws {
        let files = try Files()
        try files.write("audit.ndjson", [RecordPagesTests.line(1)])
        #expect(try files.page("before=1-1").lines.isEmpty)
        #expect(try files.page("after=1-1").lines.isEmpty)
    }

    @Test func aPageHoldsWhatItIsAskedFor() throws {
        let files = try Files()
        try files.write(
            "audit.ndjson",
            [
                RecordPagesTests.line(1, "FAILED"), RecordPagesTests.line(2),
                RecordPagesTests.line(3, "FAILED", at: "2026-01-03T00:00:00.000Z"),
            ])
        #expect(RecordPagesTests.numbers(try files.page("status=failed")) == [3, 1])
        #expect(RecordPagesTests.numbers(try files.page("status=FAILED&since=2026-01-02")) == [3])
        #expect(RecordPagesTests.numbers(try files.page("until=2026-01-02")) == [2, 1])
        #expect(RecordPagesTests.numbers(try files.page("text=V-q2")) == [2])
        #expect(RecordPagesTests.numbers(try files.page("text=3/a")) == [3])
        #expect(RecordPagesTests.numbers(try files.page("target=b")) == [])
        #expect(RecordPagesTests.numbers(try files.page("source=s&type=t&target=&limit=1")) == [3])
        let ofRoute = try files.page("route=r") { $0.rawValue == 2 ? ["q", "r"] : ["q"] }
        #expect(RecordPagesTests.numbers(ofRoute) == [2])
    }

    @Test func aWrongQueryIsRefused() {
        for query in ["limit=0", "limit=501", "status=done", "since=yesterday", "before=x", "colour=red", "after=-1-1"]
        {
            #expect(throws: Problem.self, "\(query)") { _ = try RecordQuery(query, now: 0) }
        }
    }
}
