/// What a server says that a client may not do: `-ERR 'Permissions Violation for Publish to "a.b"'`. The connection stays.
public struct Denial: Hashable, Sendable {
    /// What it may not do.
    public enum Act: String, Sendable {
        case publish = "Publish to"
        case subscribe = "Subscription to"
    }

    /// What it may not do.
    public var act: Act
    /// The subject, or the pattern of subjects.
    public var subject: String

    private static let beginning = "Permissions Violation for "

    /// Reads the server's words; `nil` if they say something else.
    init?(_ text: String) {
        guard text.hasPrefix(Denial.beginning) else { return nil }
        let parts = text.dropFirst(Denial.beginning.count).split(separator: "\"", omittingEmptySubsequences: false)
        guard parts.count >= 3, let act = Act(rawValue: String(parts[0].dropLast())) else { return nil }
        self.act = act
        subject = String(parts[1])
    }

    /// As a fault: it stays so however often it is tried.
    public var fault: NATSFault {
        NATSFault(.ours, "the server says: \(Denial.beginning)\(act.rawValue) \"\(subject)\"")
    }
}
