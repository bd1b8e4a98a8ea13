import Foundation
import Relay
import Testing

@testable import hookswitch

/// What `init` writes and `schema` prints.
struct FirstConfigurationTests {
    @Test func itIsRightAsItStands() throws {
        let path = NSTemporaryDirectory() + "hookswitch-\(UUID().uuidString).json"
        try Data(FirstConfiguration.bytes).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reading = Configuration.read(path: path, environment: { _ in nil })
        #expect(reading.findings.isEmpty, "\(reading.findings)")
        #expect(reading.configuration?.routes.map(\.name) == ["redemptions"])
    }

    @Test func theSchemaPrintedIsTheOneInDeploy() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../deploy/routes.schema.json")
        #expect(try Data(contentsOf: file) == Data(Verb.schemaText))
    }
}
