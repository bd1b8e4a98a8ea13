import Cluster
import Delivery
import EventJSON
import Platform

/// Events of the past on their way to targets again, as `hookswitch replay` asked for: what is wanted, how far it has come.
struct ReplayJob: Sendable, Equatable {
    /// The states.
    enum State: String, Sendable {
        case running, paused, done, cancelled
    }

    /// Its number.
    var id: Int
    /// From when on, and until when events were received, in milliseconds since 1970.
    var since: Int64
    var until: Int64
    /// The pattern, as JSON; `nil` for every event.
    var match: String?
    /// The targets' names.
    var to: [String]
    /// Events handed over, at the most.
    var rate: Rate?
    /// Whether it only counts.
    var isDryRun = false
    var state = State.running
    /// The last event number looked at.
    var cursor: UInt64 = 0
    /// Events looked at within the time.
    var seen = 0
    /// Events that the pattern takes.
    var matched = 0
    /// Deliveries owed by it.
    var handedOver = 0
    /// Deliveries that waited already, and were left as they are.
    var waited = 0
    /// When it was asked for, in milliseconds since 1970.
    var createdAt: Int64
    /// The relay that runs it, where it could be another; `nil` if none does.
    var relay: RelayIdentity?
    /// Why it does not get on, for people.
    var obstacle: String?

    /// Whether there is nothing more to do for it.
    var isOver: Bool { state == .done || state == .cancelled }

    /// One object, for people, programs and where it is kept.
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("replay", id)
            writer.member("state", state.rawValue)
            writer.member("since", CivilDate.iso8601(since))
            writer.member("until", CivilDate.iso8601(until))
            writer.member("match", match)
            writer.member("to", to)
            if let rate {
                writer.member(
                    "rate", "\(rate.count)/\(rate.per == .seconds(1) ? "s" : rate.per == .seconds(60) ? "m" : "h")")
            }
            writer.member("dry_run", isDryRun)
            writer.member("cursor", cursor)
            writer.member("seen", seen)
            writer.member("matched", matched)
            writer.member("handed_over", handedOver)
            writer.member("waited", waited)
            writer.member("created_at", CivilDate.iso8601(createdAt))
            if let relay { writer.member("relay", relay.name) }
            if let obstacle { writer.member("obstacle", obstacle) }
        }
    }
}

extension ReplayJob {
    /// As it is kept: the same object, with moments as numbers.
    var note: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("since_ms", since)
            writer.member("until_ms", until)
            writer.member("created_ms", createdAt)
            if let relay { writer.member("relay_id", relay.id) }
            writer.member("job") { write(to: &$0) }
        }
        return writer.bytes
    }

    init?(_ note: [UInt8]) {
        guard let root = try? JSONDocument(note).root, let job = root[key: "job"], let id = job[key: "replay"]?.integer,
            let since = root[key: "since_ms"]?.integer, let until = root[key: "until_ms"]?.integer,
            let created = root[key: "created_ms"]?.integer, let to = job[key: "to"]?.array?.compactMap(\.string),
            let state = job[key: "state"]?.string.flatMap(State.init), let cursor = job[key: "cursor"]?.integer
        else { return nil }
        self.init(
            id: id, since: Int64(since), until: Int64(until), match: job[key: "match"]?.string, to: to,
            rate: job[key: "rate"]?.string.flatMap(Units.rate), createdAt: Int64(created))
        self.state = state
        self.cursor = UInt64(cursor)
        seen = job[key: "seen"]?.integer ?? 0
        matched = job[key: "matched"]?.integer ?? 0
        handedOver = job[key: "handed_over"]?.integer ?? 0
        waited = job[key: "waited"]?.integer ?? 0
        isDryRun = job[key: "dry_run"]?.isTrue == true
        obstacle = job[key: "obstacle"]?.string
        if let id = root[key: "relay_id"]?.string {
            relay = RelayIdentity(id: id, name: job[key: "relay"]?.string ?? "")
        }
    }
}
