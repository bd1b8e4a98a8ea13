import EventJSON
import Platform
import Relay

/// What `pause`, `resume`, `drop` and `move` have in common: targets are named, the daemon changes their queues, and what
/// became of each is printed.
struct QueueChange {
    static let dryRun = Option("--dry-run", "change nothing, say how many deliveries it would be about")

    private let path: String
    private let daemon: ControlSocket
    private let isJSON: Bool

    /// A change by the API's path.
    init(_ path: String, _ arguments: Arguments) throws(Failure) {
        self.path = path
        daemon = ControlSocket(spoolPath: try ConfigurationFile(arguments).spoolPath())
        isJSON = arguments.has("--json")
    }

    /// Asks for it; answers the results.
    func ask(_ targets: [String], to destination: String? = nil, isDryRun: Bool) throws(Failure) -> [JSONValue] {
        var request = JSONWriter()
        request.object {
            $0.member("targets", targets)
            if let destination { $0.member("to", destination) }
            $0.member("dry_run", isDryRun)
        }
        let answer = try daemon.ask(path, posting: request.bytes)
        do throws(JSONSyntaxError) { return try JSONDocument(answer).root[key: "results"]?.array ?? [] } catch {
            throw Failure(ExitCode.failure, "the daemon's answer can't be read: \(error.message)")
        }
    }

    /// Prints results, one a line; answers the exit code: 1 if a target could not be changed.
    func show(_ results: [JSONValue]) -> Int32 {
        var isComplete = true
        for result in results {
            let name = result[key: "target"]?.string ?? ""
            let text = result[key: "result"]?.string ?? ""
            let count = result[key: "deliveries"]?.integer ?? 0
            let isDone = result[key: "done"]?.isTrue == true
            isComplete = isComplete && isDone
            if isJSON {
                var line = JSONWriter()
                line.object {
                    $0.member("target", name)
                    $0.member("result", text)
                    $0.member("deliveries", count)
                    $0.member("done", isDone)
                }
                line.endLine()
                StandardStream.output.write(line.bytes)
            } else {
                let deliveries = isDone ? " (\(count) \(count == 1 ? "delivery" : "deliveries"))" : ""
                (isDone ? StandardStream.output : .error).write("\(name): \(text)\(deliveries)\n")
            }
        }
        return isComplete ? ExitCode.ok : ExitCode.failure
    }

    /// The targets that a verb names.
    static func targets(_ arguments: Arguments, _ verb: String) throws(Failure) -> [String] {
        guard !arguments.rest.isEmpty else {
            throw Failure(
                ExitCode.usage, "`hookswitch \(verb)` needs a target",
                hint: "like `hookswitch \(verb) crm`; `hookswitch status` lists them")
        }
        return arguments.rest
    }
}
