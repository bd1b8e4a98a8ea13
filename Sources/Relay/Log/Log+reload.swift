extension Log {
    /// What a reload came to: its findings, and what is otherwise now.
    func write(_ outcome: ReloadOutcome) {
        for finding in outcome.findings {
            let place = "\(finding.location.line):\(finding.location.column)"
            write(
                finding.severity == .error ? .error : .warning, finding.message,
                ["place": place, "path": finding.path, "hint": finding.hint])
        }
        if outcome.isRefused {
            write(.error, "the configuration has errors: the old one stays in force")
        } else if outcome.changes.isEmpty {
            write(.info, "the configuration was read anew, and says what it said before")
        } else {
            write(
                .info, "the configuration was read anew and is in force",
                ["changes": outcome.changes.map(\.description).joined(separator: "; ")])
        }
    }
}
