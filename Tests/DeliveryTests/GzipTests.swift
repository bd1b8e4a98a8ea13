import Foundation
import Testing

@testable import Delivery

struct GzipTests {
    private let directory = TemporaryDirectory()

    private func unzipped(_ name: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["-dc", "\(directory.path)/\(name)"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return String(decoding: data, as: UTF8.self)
    }

    @Test(arguments: [0, 1, 100_000, 3_000_000]) func gunzipReadsWhatIsWrittenAndTheOriginalIsGone(_ count: Int) throws
    {
        var random = SystemRandomNumberGenerator()
        let text = (0..<count / 10).map { _ in String(random.next() % 1_000_000_000) }.joined(separator: "\n")
        directory.write("f.ndjson", text)
        try Gzip.replace("\(directory.path)/f.ndjson")
        #expect(directory.names() == ["f.ndjson.gz"])
        #expect(try unzipped("f.ndjson.gz") == text)
    }

    @Test func whatACrashLeftHalfDoneIsBegunAnew() throws {
        directory.write("f.ndjson", "whole\n")
        directory.write("f.ndjson.gz.part", "half")
        try Gzip.replace("\(directory.path)/f.ndjson")
        #expect(directory.names() == ["f.ndjson.gz"])
        #expect(try unzipped("f.ndjson.gz") == "whole\n")
    }

    @Test func aFileThatIsNotThereIsAFault() {
        #expect(throws: LineFile.Fault.self) { try Gzip.replace("\(directory.path)/none") }
    }
}
