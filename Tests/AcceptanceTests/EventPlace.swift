import Foundation
import Testing

/// Where the relays under test keep their events: each in its directory or, where `HOOKSWITCH_TEST_BROKERS` names brokers, in a
/// stream of its own on them. The list of tests is the same; those that are about the directory say so.
enum EventPlace {
    private static let brokers = ProcessInfo.processInfo.environment["HOOKSWITCH_TEST_BROKERS"]

    /// Whether it is the directory.
    static var isDirectory: Bool { brokers == nil }

    /// The keys besides sources, targets and routes, with the place where the events are kept.
    static func named(_ directory: String, in more: String) -> String {
        guard let brokers else { return more }
        let servers = brokers.split(separator: ",").map { "\"\($0)\"" }.joined(separator: ", ")
        let name = directory.split(separator: "/").last ?? "hookswitch"
        let jetstream = "\"jetstream\": {\"servers\": [\(servers)], \"name\": \"\(name)\", \"ack_wait\": \"2s\"}"
        // Brokers set the whole of `max_size` aside.
        let keys = more.contains("max_size") ? jetstream : "\"max_size\": \"16MB\", \(jetstream)"
        guard let spool = more.range(of: "\"spool\": {") else { return "\"spool\": {\(keys)}, \(more)" }
        return more.replacingCharacters(in: spool, with: "\"spool\": {\(keys), ")
    }
}

extension Trait where Self == ConditionTrait {
    /// For a test of what a cluster does not have, for this reason.
    static func directoryOnly(_ reason: Comment) -> Self { .enabled(if: EventPlace.isDirectory, reason) }
}
