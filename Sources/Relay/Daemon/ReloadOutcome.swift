/// What a reload came to.
public struct ReloadOutcome: Sendable {
    /// What was found in the file. With an error among it the configuration before stays in force.
    public var findings: [Diagnostic]
    /// What is otherwise now.
    public var changes: [ConfigurationChange] = []

    /// Whether the configuration before stays in force.
    public var isRefused: Bool { findings.contains { $0.severity == .error } }
}
