import EventJSON
import Glibc
import Platform
import Relay

extension Verb {
    static let drop = Verb(
        name: "drop", operands: "TARGET…", completing: .targets, summary: "gives up what waits for targets",
        options: [config, json, QueueChange.dryRun, Option("--yes", "do not ask")],
        discussion: """
            It asks first. What is dropped counts as failed: `hookswitch retry` can send it as long as the event is retained. \
            What is under way ends as it ends and is not tried again. Each target's drop leaves one line in the audit log.
            """
    ) { arguments throws(Failure) in
        let change = try QueueChange("/api/v1/drop", arguments)
        let targets = try QueueChange.targets(arguments, "drop")
        if arguments.has("--dry-run") { return change.show(try change.ask(targets, isDryRun: true)) }
        if !arguments.has("--yes") {
            let foreseen = try change.ask(targets, isDryRun: true)
            guard foreseen.allSatisfy({ $0[key: "done"]?.isTrue == true }) else { return change.show(foreseen) }
            let count = foreseen.reduce(0) { $0 + ($1[key: "deliveries"]?.integer ?? 0) }
            guard isatty(0) == 1 else {
                throw Failure(
                    ExitCode.usage, "nobody can be asked whether \(count) deliveries are to be dropped",
                    hint: "say --yes, or --dry-run to see what it would be")
            }
            let names = targets.joined(separator: ", ")
            StandardStream.error.write("drop the \(count) deliveries that wait for \(names)? [y/N] ")
            guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
                StandardStream.error.write("nothing was dropped\n")
                return ExitCode.failure
            }
        }
        return change.show(try change.ask(targets, isDryRun: false))
    }
}
