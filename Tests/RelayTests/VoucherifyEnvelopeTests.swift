import EventJSON
import Foundation
import Testing

@testable import Relay

/// The seven keys of a Voucherify webhook.
struct VoucherifyEnvelopeTests {
    private func fault(_ text: String) throws -> VoucherifyEnvelope.Fault? {
        var paths = PathSet()
        let envelope = VoucherifyEnvelope(adding: &paths)
        var scanner = EventScanner(paths)
        try Array(text.utf8).withUnsafeBytes { try scanner.scan($0) }
        return envelope.check(scanner)
    }

    private static let project = """
        {"id":"whs_1","project_id":"p","created_at":"2024-01-01T00:00:00.000Z","type":"voucher.created","data":{},\
        "source":{"object":"webhook"},"event":{"type":"voucher.created"}}
        """

    @Test func aProjectWebhookPasses() throws { #expect(try fault(Self.project) == nil) }

    @Test func aDistributionsTypeMayBeAnyTextEvenEmpty() throws {
        let text = Self.project.replacingOccurrences(of: "\"webhook\"", with: "\"distribution\"")
        #expect(
            try fault(text.replacingOccurrences(of: "\"type\":\"voucher.created\",", with: "\"type\":\"\",")) == nil)
        #expect(
            try fault(text.replacingOccurrences(of: "\"type\":\"voucher.created\",", with: "\"type\":\"🎉 VIP\","))
                == nil)
    }

    @Test func allFaultsAreListedAtOnceInTheOrderOfTheKeys() throws {
        #expect(
            try fault(#"{"id":1,"type":"t","data":null,"source":[],"event":{"type":2}}"#)
                == .faults([
                    "`id` must be a string, not a number", "`project_id` is missing", "`created_at` is missing",
                    "`data` must be an object, not null", "`source` must be an object, not an array",
                    "`event.type` must be a string, not a number",
                ]))
    }

    @Test func theFormerVersionIsToldApart() throws {
        let former =
            #"{"id":"e","object":"event","webhook_id":"w","project_id":"p","type":"t","data":{},"metadata":{}}"#
        #expect(
            try fault(former)
                == .formerVersion(["`created_at` is missing", "`source` is missing", "`event` is missing"]))
    }

    @Test func theCatalogueIsThatOfTheDocumentation() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/catalogue", withExtension: "json"))
        let root = try JSONDocument(Array(try Data(contentsOf: url))).root
        func types(_ key: String) -> [String] { root[key: key]?.array?.compactMap(\.string) ?? [] }
        #expect(VoucherifyCatalogue.project.sorted() == types("project").sorted())
        #expect(VoucherifyCatalogue.distribution.sorted() == types("distribution").sorted())
        #expect(VoucherifyCatalogue.addedLater.sorted() == types("added_later").sorted())
    }
}
