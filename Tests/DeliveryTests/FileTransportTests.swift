import EventJSON
import Glibc
import Spool
import Testing

@testable import Delivery

struct FileTransportTests {
    /// A transport that writes below a directory of its own.
    private final class FileUnderTest: Reporting {
        let directory = TemporaryDirectory()
        let reports = Reports()
        let transport: FileTransport

        init(
            _ path: String, _ change: (inout FileTargetSettings) -> Void = { _ in },
            settings: (inout TargetSettings) throws -> Void = { _ in }
        ) throws {
            var target = try TargetSettings.file("\(directory.path)/\(path)", change)
            try settings(&target)
            transport = try #require(FileTransport(target, sink: reports.sink))
        }

        /// Writes one event; how that ended is the answer.
        func deliver(_ attempt: Attempt) async throws -> AttemptEnding {
            let before = reports.all.count
            transport.start([attempt])
            return try await reports.wait(for: before + 1)[before].ending
        }
    }

    @Test func oneEventIsOneLineOfCompactJSON() async throws {
        let under = try FileUnderTest("a.ndjson")
        #expect(try await under.deliver(.of(body: "{\n \"a\" : \"x  y\",\r\n\t\"b\": [ 1, 2 ]\n}\n")) == .written)
        #expect(try await under.deliver(.of(body: #"["\n"]"#)) == .written)
        #expect(under.directory.text("a.ndjson") == "{\"a\":\"x  y\",\"b\":[1,2]}\n[\"\\n\"]\n")
        #expect(under.reports.all.first?.place == "\(under.directory.path)/a.ndjson")
    }

    @Test func aBatchIsWrittenInItsOrderAndEachIsReported() async throws {
        let under = try FileUnderTest("${k}.ndjson")
        under.transport.start((1...300).map { .of(EventNumber(rawValue: $0), body: "{\"k\":\($0 % 3),\"n\":\($0)}") })
        let reports = try await under.wait(for: 300)
        #expect(reports.allSatisfy { $0.ending == .written })
        for k in 0..<3 {
            let expected = (1...300).filter { $0 % 3 == k }.map { "{\"k\":\(k),\"n\":\($0)}" }
            #expect(under.directory.lines("\(k).ndjson") == expected)
        }
    }

    @Test func thePathHasPlaceholdersAndTheDayInUTC() async throws {
        let under = try FileUnderTest("${type}/%Y/%m-%d-${@source}.ndjson")
        _ = try await under.deliver(.of(at: 1_767_225_599_999))
        _ = try await under.deliver(.of(at: 1_767_225_600_000))
        #expect(under.directory.lines("redemption.succeeded/2025/12-31-voucherify.ndjson").count == 1)
        #expect(under.directory.lines("redemption.succeeded/2026/01-01-voucherify.ndjson").count == 1)
    }

    @Test func aValueIsNoFormatForADate() async throws {
        let under = try FileUnderTest("${type}-100%%.ndjson")
        _ = try await under.deliver(.of(body: #"{"type":"%Y%m%d%s"}"#))
        #expect(under.directory.names() == ["%Y%m%d%s-100%.ndjson"])
    }

    @Test(arguments: [
        "../escaped", "..", ".", "/etc/passwd", "a/../../b", "", "..\u{0}", "~", "a\nb", "...", ".hidden", "-rf",
    ]) func aValueCannotClimbOutOfTheDirectory(value: String) async throws {
        for path in ["in/${a}", "in/${a}/f", "in/.${a}", "in/x${a}y"] {
            let under = try FileUnderTest(path)
            var body = JSONWriter()
            body.object { $0.member("a", value) }
            #expect(try await under.deliver(.of(body: body.text)) == .written)
            #expect(under.directory.names() == ["in"])
            // One component it was, one it is.
            let depth = path.split(separator: "/").count
            let place = try #require(under.reports.all.first?.place).dropFirst(under.directory.path.count + 1)
            #expect(place.split(separator: "/", omittingEmptySubsequences: false).count == depth)
            #expect(under.directory.bytes(String(place)).last == 0x0A)
        }
    }

    @Test(arguments: ["x", "é", "🎟"], 60...64) func aNameTooLongForAFileIsCut(character: String, count: Int)
        async throws
    {
        let under = try FileUnderTest("x${a}.ndjson")
        let value = String(repeating: character, count: count * 5)
        #expect(try await under.deliver(.of(body: "{\"a\":\"\(value)\"}")) == .written)
        #expect(under.directory.names().count == 1)
        #expect(under.directory.names().first?.hasSuffix(".ndjson") == true)
    }

    @Test func aFileWithANameAsLongAsCanBeIsStillSetAside() async throws {
        let under = try FileUnderTest("${a}.ndjson", { $0.rotateBytes = 1 })
        let value = String(repeating: "x", count: 400)
        for _ in 1...4 { #expect(try await under.deliver(.of(body: "{\"a\":\"\(value)\"}")) == .written) }
        #expect(under.directory.names().count == 4)
    }

    @Test func aBodyThatIsNoJSONMakesNoLine() async throws {
        let under = try FileUnderTest("a.ndjson")
        for body in ["", "plain", "2026-01-01", "{\"a\":1}\n{\"b\":2}"] {
            guard case .unfit = try await under.deliver(.of(body: body)) else {
                Issue.record("\(body) made a line")
                continue
            }
        }
        #expect(under.directory.names() == [])
    }

    @Test func aTemplateIsTheLine() async throws {
        let under = try FileUnderTest(
            "a.ndjson",
            settings: {
                $0.body = JSONTemplate(
                    .object([
                        ("n", .template(try Template(parsing: "${@event}"))),
                        ("t", .template(try Template(parsing: "a\n${type}"))),
                    ]))
            })
        _ = try await under.deliver(.of())
        #expect(under.directory.text("a.ndjson") == "{\"n\":1042,\"t\":\"a\\nredemption.succeeded\"}\n")
    }

    @Test func aFullFileIsSetAside() async throws {
        let under = try FileUnderTest("a.ndjson", { $0.rotateBytes = 60 })
        for n in 1...7 { _ = try await under.deliver(.of(body: "{\"n\":\(n),\"text\":\"0123456789\"}")) }
        #expect(under.directory.names().count == 4)
        let lines = under.directory.names().flatMap { under.directory.lines($0) }
        #expect(lines.count == 7)
        #expect(under.directory.lines("a.ndjson") == [#"{"n":7,"text":"0123456789"}"#])
    }

    @Test func aDirectoryThatVanishesIsMadeAgain() async throws {
        let under = try FileUnderTest("a/b/c.ndjson")
        _ = try await under.deliver(.of(body: "1"))
        TemporaryDirectory.remove("\(under.directory.path)/a")
        #expect(try await under.deliver(.of(body: "2")) == .written)
        #expect(under.directory.lines("a/b/c.ndjson") == ["2"])
    }

    @Test func aFileThatWasMovedIsBegunAnew() async throws {
        let under = try FileUnderTest("a.ndjson")
        _ = try await under.deliver(.of(body: "1"))
        rename("\(under.directory.path)/a.ndjson", "\(under.directory.path)/old")
        _ = try await under.deliver(.of(body: "2"))
        #expect(under.directory.lines("old") == ["1"])
        #expect(under.directory.lines("a.ndjson") == ["2"])
    }

    @Test func aTornLastLineIsRepairedBeforeTheNext() async throws {
        let under = try FileUnderTest("a.ndjson")
        under.directory.write("a.ndjson", "{\"n\":1}\n{\"n\":")
        _ = try await under.deliver(.of(body: "{\"n\":2}"))
        #expect(under.directory.lines("a.ndjson") == ["{\"n\":1}", "{\"n\":2}"])
    }

    @Test func whatCannotBeWrittenIsAFaultThatNamesThePath() async throws {
        let under = try FileUnderTest("a/b.ndjson")
        under.directory.write("a", "a file where a directory should be")
        #expect(
            try await under.deliver(.of())
                == .broken(reason: "open \(under.directory.path)/a/b.ndjson: Not a directory"))
        unlink("\(under.directory.path)/a")
        #expect(try await under.deliver(.of()) == .written)
    }

    @Test func aFullDiskIsAFault() async throws {
        let reports = Reports()
        let transport = try #require(FileTransport(try .file("/dev/full"), sink: reports.sink))
        transport.start([.of(1)])
        #expect(try await reports.ending(of: 1) == .broken(reason: "write /dev/full: No space left on device"))
    }

    @Test func aNewFileHasTheConfiguredMode() async throws {
        let under = try FileUnderTest("a.ndjson", { $0.mode = 0o604 })
        _ = try await under.deliver(.of())
        var status = stat()
        stat("\(under.directory.path)/a.ndjson", &status)
        #expect(status.st_mode & 0o777 == 0o604)
    }

    @Test func aThousandFilesDoNotUseAThousandDescriptors() async throws {
        let under = try FileUnderTest("f${n}")
        under.transport.start((1...1000).map { .of(EventNumber(rawValue: $0), body: "{\"n\":\($0)}") })
        let reports = try await under.wait(for: 1000)
        #expect(reports.allSatisfy { $0.ending == .written })
        #expect(under.directory.names().count == 1000)
        #expect(openFiles(below: under.directory.path) <= FileTransport.openFilesLimit)
    }

    /// How many of the process's descriptors are files below a directory.
    private func openFiles(below directory: String) -> Int {
        (0..<4096).count { descriptor in
            var target = [UInt8](repeating: 0, count: 4096)
            let count = target.withUnsafeMutableBytes {
                readlink("/proc/self/fd/\(descriptor)", $0.bindMemory(to: CChar.self).baseAddress!, 4096)
            }
            return count > 0 && String(decoding: target[..<count], as: UTF8.self).hasPrefix(directory)
        }
    }

    @Test func filesAreOpenedAnewOnRequest() async throws {
        let under = try FileUnderTest("a.ndjson")
        _ = try await under.deliver(.of(body: "1"))
        under.transport.reopenFiles()
        #expect(try await under.deliver(.of(body: "2")) == .written)
        #expect(under.directory.lines("a.ndjson") == ["1", "2"])
    }

    @Test func newSettingsHoldFromTheNextAttemptOn() async throws {
        let under = try FileUnderTest("a.ndjson")
        _ = try await under.deliver(.of(body: "1"))
        under.transport.update(try .file("\(under.directory.path)/b.ndjson"))
        _ = try await under.deliver(.of(body: "2"))
        #expect(under.directory.lines("a.ndjson") == ["1"])
        #expect(under.directory.lines("b.ndjson") == ["2"])
    }

    @Test(arguments: [("%Y", "2026"), ("%%", "%"), ("", ""), ("a", "a"), ("%j", "001"), ("ü-%d", "ü-01")])
    func datesAreExpandedInUTC(text: String, expanded: String) {
        let out = String(decoding: FileTransport.expand(Array(text.utf8), at: 1_767_225_600_000), as: UTF8.self)
        #expect(out == expanded)
    }
}
