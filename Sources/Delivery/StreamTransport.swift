import EventJSON
import Spool

/// How a long-lived command is started and asked.
struct StreamSettings: Sendable {
    var start: CommandStart
    /// Within what time each event must be answered, in milliseconds.
    var timeoutMilliseconds: Int64
    /// As the record shows it.
    var place: String
}

/// Makes lines of attempts, and gives them to the command loop, which keeps one process for the target.
///
/// Unchecked: what changes belongs to the target's queue, on which `start` and `update` are called.
final class StreamTransport: Transport, @unchecked Sendable {
    let sink: AttemptSink
    private let target: String
    private let loop: CommandLoop
    private let options: DeliveryOptions
    private var body: JSONTemplate?
    private(set) var settings: StreamSettings

    init?(_ settings: TargetSettings, loop: CommandLoop, options: DeliveryOptions, sink: @escaping AttemptSink) {
        guard let stream = StreamTransport.settings(settings, options) else { return nil }
        self.settings = stream
        target = settings.name
        self.loop = loop
        self.options = options
        self.sink = sink
        body = settings.body
    }

    func start(_ attempts: [Attempt]) {
        var lines: [StreamDialogue.Line] = []
        var unfit: [AttemptReport] = []
        lines.reserveCapacity(attempts.count)
        for attempt in attempts {
            if let bytes = line(attempt) {
                lines.append(.init(event: attempt.event.number, bytes: bytes))
            } else {
                unfit.append(
                    AttemptReport(
                        event: attempt.event.number,
                        ending: .unfit(reason: "the event's body is not JSON: it makes no line"),
                        place: settings.place, endedAt: .now))
            }
        }
        if !lines.isEmpty { loop.submit(.feed(self, settings, lines)) }
        if !unfit.isEmpty { sink(unfit) }
    }

    func update(_ settings: TargetSettings) {
        guard let stream = StreamTransport.settings(settings, options) else { return }
        body = settings.body
        self.settings = stream
        loop.submit(.change(self, stream))
    }

    func cancel() { loop.submit(.cancelStream(self)) }

    func retire() { loop.submit(.retire(self)) }

    /// Tells the log of a process that can't be gone on with. From the command loop's thread.
    func tell(_ message: String) {
        options.notify(DeliveryNotice(level: .error, target: target, message: message))
    }

    private func line(_ attempt: Attempt) -> [UInt8]? {
        var line: [UInt8] = []
        if let body {
            guard let values = attempt.values(at: body.paths) else { return nil }
            line = body.render(values)
        } else {
            let event = attempt.event.json
            guard EventBody.isJSON(event) else { return nil }
            line.reserveCapacity(event.count + 1)
            event.withUnsafeBufferPointer { CompactJSON.append($0, to: &line) }
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private static func settings(_ settings: TargetSettings, _ options: DeliveryOptions) -> StreamSettings? {
        guard case .command(let command) = settings.kind, command.isStream else { return nil }
        let start = CommandEnvironment(command, options).start(
            ConstantValues(target: settings.name), own: [("HOOKSWITCH_TARGET", settings.name)])
        return StreamSettings(
            start: start, timeoutMilliseconds: max(1, settings.timeout.milliseconds), place: command.place)
    }
}

/// The values that a command has that outlives each event: the target's name.
private struct ConstantValues: TemplateValues {
    var target: String

    func value(at path: EventPath) -> TemplateValue? { nil }
    func value(of variable: RelayVariable) -> String { if case .target = variable { target } else { "" } }
}
