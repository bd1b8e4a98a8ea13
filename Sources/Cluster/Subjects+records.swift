/// What the streams are called by which relays tell one another of what they do.
///
/// ```
/// stream NAME_audit      NAME.l.audit.RELAY          lines of a relay's audit.ndjson, many in one message
/// stream NAME_failures   NAME.l.failures.RELAY       the same of failures.ndjson
/// stream NAME_relays     NAME.r.RELAY                how a relay is, as it said last
/// ```
extension Subjects {
    func recordStream(_ kind: RecordKind) -> String { "\(name)_\(kind.rawValue)" }
    var relayStream: String { name + "_relays" }

    /// All lines of a kind.
    func records(_ kind: RecordKind) -> String { "\(name).l.\(kind.rawValue).*" }
    var relays: String { "\(name).r.*" }

    /// Where a relay's lines are published.
    func records(_ kind: RecordKind, of relay: RelayIdentity) -> String { "\(name).l.\(kind.rawValue).\(relay.id)" }

    /// Where it is published how a relay is.
    func relay(_ id: String) -> String { "\(name).r.\(id)" }
}
