import Cluster
import Delivery
import EventJSON
import Platform

/// A relay of the cluster, as it said last.
struct RelayReport {
    /// After how long without a word a relay counts as silent, in milliseconds.
    static let silentMilliseconds: Int64 = 10_000

    /// How a relay works a target.
    struct Target {
        var name: String
        var inFlight = 0
        var breaker = Breaker.State.closed
        var isPaused = false
        var succeeded = 0
        var retried = 0
        var lastError: String?
    }

    /// When it spoke last, in milliseconds since 1970.
    let at: Int64
    /// For how long it has not spoken when the others were asked, in milliseconds.
    let silence: Int64
    /// Whether it is this one.
    let isThis: Bool
    private let document: JSONDocument

    /// Reads what a relay said; `nil` if it is no such object.
    init?(_ note: JetStreamLog.RelayNote, now: Int64, isThis: Bool) {
        guard let document = try? JSONDocument(note.document), document.root.members != nil else { return nil }
        at = note.at
        silence = max(0, now - note.at)
        self.isThis = isThis
        self.document = document
    }

    /// Whether it is believed to be there.
    var isSilent: Bool { silence > RelayReport.silentMilliseconds }
    /// What people call it.
    var name: String { document.root[key: "relay"]?.string ?? "" }
    /// The broker that it is connected to.
    var broker: (name: String, version: String)? {
        guard let broker = document.root[key: "broker"], let name = broker[key: "name"]?.string else { return nil }
        return (name, broker[key: "version"]?.string ?? "")
    }

    /// What it works on.
    var targets: [Target] {
        (document.root[key: "targets"]?.members ?? []).map { member in
            func count(_ key: String) -> Int { member.value[key: key]?.integer ?? 0 }
            return Target(
                name: member.key, inFlight: count("in_flight"),
                breaker: member.value[key: "breaker"]?.string.flatMap(Breaker.State.init) ?? .closed,
                isPaused: member.value[key: "paused"]?.isTrue == true, succeeded: count("succeeded"),
                retried: count("retried"), lastError: member.value[key: "last_error"]?.string)
        }
    }

    /// One of the counts of what came in there.
    func door(_ count: String) -> Int { document.root[key: "door"]?[key: count]?.integer ?? 0 }

    /// One object: what it said, and when.
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("state", isSilent ? "silent" : "running")
            writer.member("this", isThis)
            writer.member("last_seen", CivilDate.iso8601(at))
            writer.member("silent_seconds", Double(silence) / 1000)
            for member in document.root.members ?? [] {
                writer.member(member.key) { $0.raw(document.bytes[member.value.range]) }
            }
        }
    }
}
