/// What stands at a place of the command line: what a shell offers there.
enum Completion: Sendable, Equatable {
    case nothing
    case files
    case verbs
    /// The configuration's targets, routes and sources.
    case targets
    case routes
    case sources
    /// Event types of Voucherify's catalogue.
    case types
    /// Events and deliveries that `failures.ndjson` names last.
    case events
    case deliveries
    case words([String])

    /// What the usual name of a value means: `--target NAME` is a target.
    init(valueName: String, of option: String) {
        switch (valueName, option) {
        case ("FILE", _), ("PATH", _): self = .files
        case ("TARGET", _), (_, "--target"), (_, "--to"): self = .targets
        case ("ROUTE", _), (_, "--route"): self = .routes
        case ("SOURCE", _), (_, "--source"): self = .sources
        case ("TYPE", _), (_, "--type"): self = .types
        case (_, "--status"): self = .words(["SUCCEEDED", "RETRYING", "FAILED"])
        case (_, "--since"), (_, "--until"): self = .words(["10m", "1h", "24h", "7d"])
        default: self = .nothing
        }
    }
}
