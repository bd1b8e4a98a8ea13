import EventJSON
import Foundation
import Spool
import Testing

@testable import HTTPServer
@testable import Relay

/// What operators give and get: names, times, filters, files read back, queries.
struct OperatorsTests {
    @Test func aDeliveryIsWrittenAsEventSlashTarget() {
        #expect(DeliveryName("1042/crm")?.description == "1042/crm")
        for text in ["", "1042", "0/crm", "-1/crm", "x/crm", "1042/", "18446744073709551616/crm"] {
            #expect(DeliveryName(text) == nil, "\(text)")
        }
    }

    @Test func sinceIsADurationOrAMoment() {
        #expect(Since.read("1h", now: 3_600_000) == "1970-01-01T00:00:00.000Z")
        #expect(Since.read("2026-01-01", now: 0) == "2026-01-01")
        #expect(Since.read("2026-01-01T10:00:00Z", now: 0) == "2026-01-01T10:00:00")
        for text in ["", "yesterday", "1", "h", "2026-1-1", "1y"] {
            #expect(Since.read(text, now: 0) == nil, "\(text)")
        }
    }

    @Test func aFilterTakesTheLinesItIsAskedFor() {
        let line = Array(
            #"{"status":"FAILED","type":"a","target":"crm","executed_at":"2026-01-01T00:00:00.000Z","delivery":"12/crm","error":null}"#
                .utf8)
        var filter = RecordFilter()
        #expect(filter.take(line)?["delivery"] == "12/crm")
        #expect(filter.take(line)?["error"] == nil)
        #expect(filter.take(line.dropLast()) == nil)
        filter.event = 1
        #expect(filter.take(line) == nil)
        filter.event = 12
        (filter.type, filter.target, filter.status, filter.since) = ("a", "crm", "FAILED", "2026-01-01")
        #expect(filter.take(line) != nil)
        filter.since = "2026-01-02"
        #expect(filter.take(line) == nil)
    }

    @Test func filesSetAsideAreReadFirstAndARotationIsFollowed() throws {
        let directory = NSTemporaryDirectory() + "hookswitch-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: "\(directory)/\(name)", atomically: false, encoding: .utf8)
        }
        try write("audit-20260102T000000Z.ndjson", "2\n")
        try write("audit-20260101T000000Z.ndjson", "1\n")
        try write("audit.ndjson", "3\n4")
        var files = RecordFiles(spool: directory, stem: "audit")
        defer { files.close() }
        var lines: [String] = []
        func take(_ line: ArraySlice<UInt8>) { lines.append(String(decoding: line, as: UTF8.self)) }
        try files.all(take)
        #expect(lines == ["1", "2", "3"])
        let handle = try #require(FileHandle(forWritingAtPath: directory + "/audit.ndjson"))
        try handle.seekToEnd()
        handle.write(Data("4\n5\n".utf8))
        #expect(rename(directory + "/audit.ndjson", directory + "/audit-20260103T000000Z.ndjson") == 0)
        try write("audit.ndjson", "6\n")
        try files.more(take)
        #expect(lines == ["1", "2", "3", "44", "5", "6"])
    }

    @Test func aQueryIsReadAsFormsAre() {
        let parameters = Array(FormFields("a=1&b=x%20y+z&&c&a=%zz&=e"))
        #expect(parameters.map(\.name) == ["a", "b", "c", "a", ""])
        #expect(parameters.map(\.value) == ["1", "x y z", "", "%zz", "e"])
    }

    @Test func aRetryRequestNamesDeliveriesOrWhatFailed() throws {
        guard
            case .named(let names, let failedOnly) = try RetryRequest(
                Array(#"{"deliveries":["1/a"],"failed_only":true}"#.utf8)
            ).selection
        else { throw BodyFault(message: "", hint: "") }
        #expect(names.map(\.description) == ["1/a"])
        #expect(failedOnly)
        guard
            case .failed(let target, let after, let limit) = try RetryRequest(
                Array(#"{"failed":true,"target":"a","after":7,"limit":2}"#.utf8)
            ).selection
        else { throw BodyFault(message: "", hint: "") }
        #expect(target == "a" && after == EventNumber(rawValue: 7) && limit == 2)
        for text in [
            "", "[]", "{}", #"{"deliveries":["x"]}"#, #"{"failed":false}"#, #"{"all":true}"#,
            #"{"failed":true,"limit":2}"#, #"{"failed":true,"target":"a","limit":0}"#,
            #"{"failed":true,"target":"a","after":-1}"#,
        ] {
            #expect(throws: BodyFault.self, "\(text)") { _ = try RetryRequest(Array(text.utf8)) }
        }
    }

    @Test func unitsAreReadStrictly() {
        #expect(Units.duration("250ms") == .milliseconds(250))
        #expect(Units.duration("7d") == .seconds(7 * 86_400))
        for text in ["", "10", "ms", "-1s", "1.5s", "10 s", "99999999999d"] {
            #expect(Units.duration(text) == nil, "\(text)")
        }
        #expect(Units.size("64KiB") == 65_536)
        #expect(Units.size("10GB") == 10_000_000_000)
        for text in ["", "1", "1kb", "-1KiB", "9999999999999TiB"] { #expect(Units.size(text) == nil, "\(text)") }
        #expect(Units.rate("600/m")?.count == 600)
        for text in ["", "1", "0/s", "1/d", "/s", "1/s/s"] { #expect(Units.rate(text) == nil, "\(text)") }
    }

    @Test func anAddressBlockHoldsItsAddressesOfItsFamily() {
        let block = AddressBlock("10.1.0.0/16")
        #expect(block?.contains(.v4(0x0A01_FFFF)) == true)
        #expect(block?.contains(.v4(0x0A02_0000)) == false)
        #expect(block?.contains(.v6(0, 0x0A01_0000)) == false)
        #expect(AddressBlock("2001:db8::/32")?.contains(.v6(0x2001_0DB8_FFFF_0000, 1)) == true)
        for text in ["", "10.0.0.0/33", "10.0.0", "x", "::/129"] { #expect(AddressBlock(text) == nil, "\(text)") }
    }
}
