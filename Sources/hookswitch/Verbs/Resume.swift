extension Verb {
    static let resume = Verb(
        name: "resume", operands: "TARGET…", completing: .targets, summary: "lets targets' queues go on",
        options: [config, json, QueueChange.dryRun],
        discussion: "Also one that the configuration has paused: the word given last counts."
    ) { arguments throws(Failure) in
        let change = try QueueChange("/api/v1/resume", arguments)
        let targets = try QueueChange.targets(arguments, "resume")
        return change.show(try change.ask(targets, isDryRun: arguments.has("--dry-run")))
    }
}
