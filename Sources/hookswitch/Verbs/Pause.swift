extension Verb {
    static let pause = Verb(
        name: "pause", operands: "TARGET…", completing: .targets, summary: "lets targets' queues wait",
        options: [config, json, QueueChange.dryRun],
        discussion:
            "Events go on being accepted and wait in the spool. It holds over restarts, until `hookswitch resume`."
    ) { arguments throws(Failure) in
        let change = try QueueChange("/api/v1/pause", arguments)
        let targets = try QueueChange.targets(arguments, "pause")
        return change.show(try change.ask(targets, isDryRun: arguments.has("--dry-run")))
    }
}
