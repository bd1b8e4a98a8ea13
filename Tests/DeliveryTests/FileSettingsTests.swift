import EventJSON
import Spool
import Testing

@testable import Delivery

/// Rotation, compression, syncing and whose a file is.
struct FileSettingsTests {
    private let directory = TemporaryDirectory()
    private let reports = Reports()

    private func transport(
        _ path: String, name: String = "archive", _ shared: SharedFiles = SharedFiles(),
        _ change: (inout FileTargetSettings) -> Void = { _ in }
    ) throws -> FileTransport {
        let settings = try TargetSettings.file("\(directory.path)/\(path)", name: name, change)
        return try #require(FileTransport(settings, shared: shared, sink: reports.sink))
    }

    private func deliver(_ count: Int, by transport: FileTransport) async throws -> [AttemptEnding] {
        let before = reports.all.count
        for number in 0..<count {
            transport.start([.of(EventNumber(rawValue: UInt64(number + 1)), body: "{\"n\":\(number)}")])
        }
        return try await reports.wait(for: before + count)[before...].map(\.ending)
    }

    @Test func whatIsSetAsideIsCompressedAndLeftoversToo() async throws {
        directory.write("a-20250101T000000Z.ndjson", "{}\n")
        directory.write("a-notes.ndjson", "{}\n")
        let shared = SharedFiles()
        let transport = try transport("a.ndjson", shared) {
            $0.rotateBytes = 4096
            $0.compresses = true
        }
        let endings = try await deliver(1000, by: transport)
        #expect(endings.allSatisfy { $0 == .written })
        shared.flush()
        let names = directory.names()
        #expect(names.contains("a-20250101T000000Z.ndjson.gz"))
        #expect(names.contains("a-notes.ndjson"), "only what the relay set aside is touched")
        #expect(names.count { $0.hasSuffix(".gz") } >= 3)
        #expect(names.filter { $0.hasSuffix(".ndjson") } == ["a-notes.ndjson", "a.ndjson"])
    }

    @Test func noTwoTargetsWriteToOneFileThatTheirValuesLeadTo() async throws {
        let shared = SharedFiles()
        let first = try transport("${type}.ndjson", shared)
        first.start([.of(body: #"{"type":"a"}"#)])
        _ = try await reports.wait(for: 1)
        let second = try transport("a.ndjson", name: "other", shared)
        let ending = try await deliver(1, by: second)[0]
        guard case .broken(let reason, _) = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect(reason.contains("the target archive writes to this file"))
        first.reopenFiles()
        first.start([.of(body: #"{"type":"b"}"#)])
        _ = try await reports.wait(for: 3)
        #expect(try await deliver(1, by: second) == [.written], "it was given back")
    }

    @Test(arguments: [FileTargetSettings.Sync.never, .interval(.milliseconds(5))])
    func linesAreThereWithoutASyncOfEach(_ sync: FileTargetSettings.Sync) async throws {
        let transport = try transport("${n}.ndjson") { $0.sync = sync }
        let endings = try await deliver(200, by: transport)
        #expect(endings.allSatisfy { $0 == .written })
        #expect(directory.names().count == 200)
    }

    @Test func aFullDiskIsAFaultThatIsTriedAgain() async throws {
        let settings = try TargetSettings.file("/dev/full")
        let transport = try #require(FileTransport(settings, sink: reports.sink))
        let ending = try await deliver(1, by: transport)[0]
        #expect(ending.fault?.contains("No space left") == true)
        #expect(Verdict(ending, policy: RetryPolicy(), now: 0) == .again)
        #expect(FailureCause(ending) == .disk)
    }
}
