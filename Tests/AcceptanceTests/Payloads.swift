import Foundation
import Testing

/// The real payloads of every event type, as Voucherify sends them.
enum Payloads {
    static func all() throws -> [[UInt8]] {
        let root = try #require(Bundle.module.url(forResource: "Fixtures/payloads", withExtension: nil))
        var bodies: [[UInt8]] = []
        for kind in ["project", "distribution"] {
            let directory = root.appendingPathComponent(kind)
            for name in try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() {
                bodies.append(Array(try Data(contentsOf: directory.appendingPathComponent(name))))
            }
        }
        return bodies
    }

    /// A made-up event with a number of its own.
    static func event(_ number: Int, type: String = "redemption.succeeded", padding: Int = 0) -> [UInt8] {
        Array(
            """
            {"id":"whs_\(number)","project_id":"proj_1","created_at":"2024-01-01T11:11:11.111Z","type":"\(type)",\
            "data":{"n":\(number),"pad":"\(String(repeating: "x", count: padding))"},\
            "source":{"id":"wh_1","object":"webhook","target_url":"https://relay.example.com"},\
            "event":{"id":"ev_\(number)","type":"\(type)","created_at":"2024-01-01T11:11:11.111Z","entity_id":"r_1",\
            "group_id":"v-\(number)","event_source":{"channel":"API","user":null,"api_key":null}}}
            """.utf8)
    }
}
