import EventJSON

/// Makes commands of attempts, and gives them to the command loop.
///
/// Unchecked: what changes belongs to the target's queue, on which `start` and `update` are called.
final class CommandTransport: Transport, @unchecked Sendable {
    let sink: AttemptSink
    private let loop: CommandLoop
    private let options: DeliveryOptions
    private var settings: TargetSettings
    private var command: CommandTargetSettings
    private var environment: CommandEnvironment
    private var paths: [EventPath]

    init?(_ settings: TargetSettings, loop: CommandLoop, options: DeliveryOptions, sink: @escaping AttemptSink) {
        guard case .command(let command) = settings.kind else { return nil }
        self.settings = settings
        self.command = command
        self.loop = loop
        self.options = options
        self.sink = sink
        environment = CommandEnvironment(command, options)
        paths = Array(Set(environment.paths + (settings.body?.paths ?? [])))
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
                        place: command.place, endedAt: .now))
            }
        }
        if !requests.isEmpty { loop.submit(.start(requests)) }
        if !unfit.isEmpty { sink(unfit) }
    }

    func update(_ settings: TargetSettings) {
        guard case .command(let command) = settings.kind else { return }
        self.settings = settings
        self.command = command
        environment = CommandEnvironment(command, options)
        paths = Array(Set(environment.paths + (settings.body?.paths ?? [])))
    }

    func cancel() { loop.submit(.cancel(self)) }

    private func request(_ attempt: Attempt) -> CommandRequest? {
        guard let values = attempt.values(at: paths) else { return nil }
        let attributes = attempt.event.attributes
        let start = environment.start(
            values,
            own: [
                ("HOOKSWITCH_EVENT", attempt.event.number.description),
                ("HOOKSWITCH_TYPE", attributes.columns.type ?? ""),
                ("HOOKSWITCH_SOURCE", attributes.source),
                ("HOOKSWITCH_ROUTE", attributes.routes.joined(separator: ",")),
                ("HOOKSWITCH_TARGET", attempt.target),
                ("HOOKSWITCH_ATTEMPT", String(attempt.number)),
            ])
        return CommandRequest(
            event: attempt.event.number, start: start, input: settings.body?.render(values) ?? attempt.event.body,
            timeoutMilliseconds: max(1, settings.timeout.milliseconds), owner: self, place: command.place)
    }
}
