extension Verb {
    static let move = Verb(
        name: "move", operands: "OLD… NEW", completing: .targets,
        summary: "gives what waits for a target to another one",
        options: [config, json, QueueChange.dryRun],
        discussion: """
            OLD may be a target that is no longer configured; NEW must be one that is. Each delivery begins a fresh schedule and \
            keeps its webhook-id. What is under way stays with OLD and ends as it ends.
            """
    ) { arguments throws(Failure) in
        guard arguments.rest.count >= 2, let destination = arguments.rest.last else {
            throw Failure(ExitCode.usage, "`hookswitch move` needs two targets", hint: "like `hookswitch move old new`")
        }
        let change = try QueueChange("/api/v1/move", arguments)
        let targets = Array(arguments.rest.dropLast())
        return change.show(try change.ask(targets, to: destination, isDryRun: arguments.has("--dry-run")))
    }
}
