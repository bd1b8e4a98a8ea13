import Spool

/// One command to be run.
struct CommandRequest: Sendable {
    /// The event it is for.
    var event: EventNumber
    /// How it is started.
    var start: CommandStart
    /// What it gets on standard input.
    var input: [UInt8]
    /// How long it may run, in milliseconds.
    var timeoutMilliseconds: Int64
    /// Where its end is reported, and who may cancel it.
    var owner: CommandTransport
    /// As the record shows it.
    var place: String

    func report(_ ending: AttemptEnding) -> AttemptReport {
        AttemptReport(event: event, ending: ending, place: place, endedAt: .now)
    }
}
