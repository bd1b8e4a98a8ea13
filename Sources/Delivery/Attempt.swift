import EventJSON
import Platform
import Spool

/// One try at a delivery, as a transport gets it.
struct Attempt: Sendable {
    /// The event.
    var event: Event
    /// The target's name.
    var target: String
    /// Which attempt this is, from 1: `webhook-attempt`.
    var number: UInt32
    /// When it began.
    var startedAt: Moment
    /// Whether it is told of as a span: then that is the parent of what the endpoint does.
    var isTraced = false

    /// The values of its placeholders at `paths`; `nil` if there are paths and the body is no JSON.
    func values(at paths: [EventPath]) -> AttemptValues? {
        guard !paths.isEmpty else { return AttemptValues(attempt: self, found: [:]) }
        return EventBody.values(at: paths, in: event.json).map { AttemptValues(attempt: self, found: $0) }
    }
}

/// What a transport tells of an attempt that has ended.
struct AttemptReport: Sendable {
    var event: EventNumber
    var ending: AttemptEnding
    /// Where it went: a URL, a path, a command.
    var place: String
    /// When it ended.
    var endedAt: Moment
    /// Whether another report tells of the same request: what that says of the target counts once.
    var isShared = false
}

/// The values of one attempt's placeholders.
struct AttemptValues: TemplateValues {
    let attempt: Attempt
    let found: [EventPath: TemplateValue]

    func value(at path: EventPath) -> TemplateValue? { found[path] }

    func value(of variable: RelayVariable) -> String {
        switch variable {
        case .event: attempt.event.number.description
        case .source: attempt.event.attributes.source
        case .route: attempt.event.attributes.routes.joined(separator: ",")
        case .target: attempt.target
        case .receivedAt: CivilDate.iso8601(attempt.event.receivedAt)
        case .attempt: String(attempt.number)
        case .body: String(decoding: attempt.event.body, as: UTF8.self)
        }
    }
}

/// Takes attempts to one target's place. Called on the target's queue alone; it answers from any thread.
protocol Transport: AnyObject, Sendable {
    /// Starts attempts; each is reported once.
    func start(_ attempts: [Attempt])
    /// Works by new settings, of the same kind, from the next attempt on.
    func update(_ settings: TargetSettings)
    /// Waits for nothing more to come: what it has gathered goes at once.
    func hasten()
    /// Ends what is under way as soon as it can, as `.cancelled` where that is not too late.
    func cancel()
    /// Opens files anew.
    func reopenFiles()
    /// Is not needed any more: nothing is under way, and nothing will be started.
    func retire()
}

extension Transport {
    func hasten() {}
    func reopenFiles() {}
    func retire() {}
}

/// Where a transport reports what has ended, in batches.
typealias AttemptSink = @Sendable ([AttemptReport]) -> Void
