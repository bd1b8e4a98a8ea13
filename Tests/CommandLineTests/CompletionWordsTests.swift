import Foundation
import Testing

@testable import hookswitch

/// What shells are told may stand at the end of a command line.
struct CompletionWordsTests {
    private func words(_ line: String...) -> [String] {
        guard case .candidates(let found) = CompletionWords(line).offer() else { return [":files"] }
        return found.map(\.word)
    }

    @Test func verbsComeFirst() {
        #expect(words("re").contains("retry") && words("re").contains("reload"))
        #expect(words("help", "stat") == ["status"])
        #expect(words("no-such-verb", "") == [])
    }

    @Test func optionsAreOfferedOnce() {
        #expect(words("audit", "--fol") == ["--follow"])
        #expect(words("audit", "--follow", "--fol") == [])
        #expect(words("audit", "--status", "F") == ["FAILED"])
        #expect(words("audit", "--status=R") == ["--status=RETRYING"])
        #expect(words("check", "--config", "") == [":files"])
        #expect(words("check", "--config=") == [":files"])
    }

    @Test func targetsSourcesAndFailuresAreTheConfigurationsOwnEvenIfItIsWrongElsewhere() throws {
        let directory = NSTemporaryDirectory() + "completion-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory + "/spool", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let file = directory + "/routes.json"
        try """
        {"sources": {"shop": {"pth": "/s"}}, "targets": {"crm": {"description": "the CRM"}, "mail": {}},
         "routes": [{"name": "all"}]}
        """.write(toFile: file, atomically: true, encoding: .utf8)
        try (1...60).map { #"{"status":"FAILED","type":"a.b","delivery":"\#($0)/crm","error":"HTTP 500"}"# + "\n" }
            .joined()
            .write(toFile: directory + "/spool/failures.ndjson", atomically: true, encoding: .utf8)
        #expect(words("audit", "--config", file, "--target", "") == ["crm", "mail"])
        #expect(words("audit", "--config=\(file)", "--target=c") == ["--target=crm"])
        #expect(words("match", "--config", file, "--source", "") == ["shop"])
        #expect(words("retry", "--config", file, "").first == "60/crm")
        #expect(words("retry", "--config", file, "").count == 50)
        #expect(words("retry", "--config", file, "59").first == "59/crm")
        #expect(words("show", "--config", file, "60") == ["60"])
    }
}
