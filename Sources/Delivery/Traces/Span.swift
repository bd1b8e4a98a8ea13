/// One step of an event's way, as OpenTelemetry tells it (opentelemetry-proto 1.x, `trace.proto`): its acceptance, or one attempt.
public struct Span: Sendable, Equatable {
    /// Which side of a call it is; the numbers are the protocol's.
    public enum Kind: Int, Sendable {
        case inside = 1
        case server = 2
        case client = 3
    }

    /// Something known of the step.
    public struct Attribute: Sendable, Equatable {
        /// A text, or a whole number.
        public enum Value: Sendable, Equatable {
            case text(String)
            case number(Int64)
        }

        /// A name of OpenTelemetry's semantic conventions, or one of our own below `hookswitch.`.
        public var key: String
        /// What it is.
        public var value: Value
    }

    /// How much of an attribute's text is kept, in bytes.
    static let textLimitBytes = 1024

    /// The trace: 32 hexadecimal digits.
    public var traceID: String
    /// The span: 16 hexadecimal digits.
    public var spanID: String
    /// The span that it is part of; `nil` for a trace's first.
    public var parentID: String?
    /// What was done: few different names.
    public var name: String
    /// Which side of a call it is.
    public var kind: Kind
    /// When it began, in nanoseconds since 1970.
    public var startedAt: Int64
    /// When it ended, in nanoseconds since 1970.
    public var endedAt: Int64
    /// What is known of it.
    public var attributes: [Attribute] = []
    /// Why it failed; `nil` if it did not.
    public var fault: String?

    /// Adds what is known, cut where it is long.
    mutating func add(_ key: String, _ text: String) {
        let isShort = text.utf8.count <= Span.textLimitBytes
        let kept = isShort ? text : String(decoding: text.utf8.prefix(Span.textLimitBytes), as: UTF8.self)
        attributes.append(Attribute(key: key, value: .text(kept)))
    }

    /// Adds what is known.
    mutating func add(_ key: String, _ number: some BinaryInteger) {
        attributes.append(Attribute(key: key, value: .number(Int64(clamping: number))))
    }
}

extension Span {
    /// An event's way from its last byte to its 202. `nil` if its sender's trace is one that nobody wants to see.
    public static func acceptance(
        of event: UInt64, from source: String, taken routes: [String], webhookID: String, traceparent: String?,
        endedAt: Int64, nanoseconds: Int64
    ) -> Span? {
        let parent = traceparent.flatMap(TraceContext.parse)
        if let parent, !parent.isSampled { return nil }
        var span = Span(
            traceID: parent?.traceID ?? TraceContext.traceID(webhookID: webhookID),
            spanID: TraceContext.acceptanceSpanID(webhookID: webhookID), parentID: parent?.spanID,
            name: "accept \(source)", kind: .server, startedAt: endedAt - max(0, nanoseconds), endedAt: endedAt)
        span.add("hookswitch.event", event)
        span.add("hookswitch.source", source)
        if !routes.isEmpty { span.add("hookswitch.routes", routes.joined(separator: ",")) }
        span.add("hookswitch.webhook_id", webhookID)
        return span
    }

    /// One attempt. `nil` if the event's sender's trace is one that nobody wants to see.
    static func attempt(_ attempt: Attempt, _ report: AttemptReport, isHTTP: Bool, milliseconds: Int64) -> Span? {
        let attributes = attempt.event.attributes
        let parent = attributes.traceparent.flatMap(TraceContext.parse)
        if let parent, !parent.isSampled { return nil }
        let id = attributes.webhookID
        // A record that could not be read.
        if id.isEmpty { return nil }
        let isFailureRecord = attributes.source == EventAttributes.failureSource
        let start = attempt.startedAt.wall * 1_000_000
        var span = Span(
            traceID: parent?.traceID ?? TraceContext.traceID(webhookID: id),
            spanID: TraceContext.spanID(webhookID: id, target: attempt.target, attempt: attempt.number),
            parentID: isFailureRecord ? nil : TraceContext.acceptanceSpanID(webhookID: id),
            name: "deliver \(attempt.target)", kind: isHTTP ? .client : .inside, startedAt: start,
            endedAt: start + max(0, milliseconds) * 1_000_000)
        span.add("hookswitch.event", attempt.event.number.rawValue)
        span.add("hookswitch.target", attempt.target)
        span.add("hookswitch.attempt", attempt.number)
        span.add("hookswitch.webhook_id", id)
        span.add(isHTTP ? "url.full" : "hookswitch.place", report.place)
        if case .answered(let answer) = report.ending { span.add("http.response.status_code", answer.status) }
        if let cause = FailureCause(report.ending) { span.add("error.type", cause.rawValue) }
        span.fault = report.ending.fault
        return span
    }
}
