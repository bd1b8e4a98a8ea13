import EventJSON
import Glibc

/// Makes commands of attempts, and gives them to the command loop.
///
/// Unchecked: what changes belongs to the target's queue, on which `start` and `update` are called.
final class CommandTransport: Transport, @unchecked Sendable {
    /// Where programs are looked for if the relay itself has no PATH.
    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    let sink: AttemptSink
    private let loop: CommandLoop
    private let options: DeliveryOptions
    /// What every command's environment begins with: the relay's own does not go on, secrets are in it.
    private let inherited: [[UInt8]]
    private var settings: TargetSettings
    private var command: CommandTargetSettings
    private var paths: [EventPath]

    init?(_ settings: TargetSettings, loop: CommandLoop, options: DeliveryOptions, sink: @escaping AttemptSink) {
        guard case .command(let command) = settings.kind else { return nil }
        self.settings = settings
        self.command = command
        self.loop = loop
        self.options = options
        self.sink = sink
        paths = CommandTransport.paths(command, settings)
        let path = getenv("PATH").map { String(cString: $0) } ?? CommandTransport.defaultPath
        var inherited = ["PATH=\(path)"]
        for name in ["HOME", "LANG"] {
            if let value = getenv(name) { inherited.append("\(name)=\(String(cString: value))") }
        }
        self.inherited = inherited.map { Array($0.utf8) }
    }

    func start(_ attempts: [Attempt]) {
        var requests: [CommandRequest] = []
        var unfit: [AttemptReport] = []
        for attempt in attempts {
            if let request = request(attempt) {
                requests.append(request)
            } else {
                unfit.append(
                    AttemptReport(
                        event: attempt.event.number,
                        ending: .unfit(reason: "the event's body is not JSON, which this target's placeholders need"),
                        place: place, endedAt: .now))
            }
        }
        if !requests.isEmpty { loop.submit(.start(requests)) }
        if !unfit.isEmpty { sink(unfit) }
    }

    func update(_ settings: TargetSettings) {
        guard case .command(let command) = settings.kind else { return }
        self.settings = settings
        self.command = command
        paths = CommandTransport.paths(command, settings)
    }

    func cancel() { loop.submit(.cancel(self)) }

    private var place: String {
        switch command.form {
        case .argv(let arguments): arguments.first?.source ?? ""
        case .shell: "/bin/sh -c"
        }
    }

    private func request(_ attempt: Attempt) -> CommandRequest? {
        guard let values = attempt.values(at: paths) else { return nil }
        let arguments: [[UInt8]] =
            switch command.form {
            case .argv(let templates): templates.map { $0.renderArgument(values) }
            case .shell(let text): [Array("/bin/sh".utf8), Array("-c".utf8), Array(text.utf8)]
            }
        let attributes = attempt.event.attributes
        var environment = inherited
        func add(_ name: String, _ value: some Collection<UInt8>) {
            environment.append(Array(name.utf8) + [UInt8(ascii: "=")] + value.filter { $0 != 0 })
        }
        add("HOOKSWITCH_EVENT", attempt.event.number.description.utf8)
        add("HOOKSWITCH_TYPE", (attributes.columns.type ?? "").utf8)
        add("HOOKSWITCH_SOURCE", attributes.source.utf8)
        add("HOOKSWITCH_ROUTE", attributes.routes.joined(separator: ",").utf8)
        add("HOOKSWITCH_TARGET", attempt.target.utf8)
        add("HOOKSWITCH_ATTEMPT", String(attempt.number).utf8)
        for variable in command.environment { add(variable.name, variable.value.renderArgument(values)) }
        return CommandRequest(
            event: attempt.event.number, arguments: arguments, environment: environment,
            directory: command.directory ?? options.directory,
            input: settings.body?.render(values) ?? attempt.event.body,
            timeoutMilliseconds: max(1, settings.timeout.milliseconds), owner: self, place: place)
    }

    private static func paths(_ command: CommandTargetSettings, _ settings: TargetSettings) -> [EventPath] {
        var paths = command.environment.flatMap { $0.value.paths } + (settings.body?.paths ?? [])
        if case .argv(let templates) = command.form { paths += templates.flatMap(\.paths) }
        return Array(Set(paths))
    }
}
