/// Which of a relay's two records of attempts is meant: its file is `audit.ndjson` or `failures.ndjson`, its stream
/// `NAME_audit` or `NAME_failures`.
public enum RecordKind: String, Sendable, CaseIterable {
    case audit, failures
}
