import Spool

/// One webhook request accepted, as targets see it. It never changes: attempts and requests share it, and count one reference
/// where they would count one for each of its strings.
public final class Event: Sendable {
    /// Its number.
    public let number: EventNumber
    /// When it was received, in milliseconds since 1970.
    public let receivedAt: Int64
    /// What was recorded beside the body.
    public let attributes: EventAttributes
    /// The body, byte for byte as it came.
    public let body: [UInt8]

    /// An event.
    public init(number: EventNumber, receivedAt: Int64, attributes: EventAttributes, body: [UInt8]) {
        self.number = number
        self.receivedAt = receivedAt
        self.attributes = attributes
        self.body = body
    }
}

/// What is recorded beside an event's body at acceptance, so that nobody must read the body again for a log line or a request.
public struct EventAttributes: Sendable, Equatable {
    /// A header that goes on to http targets: the sender's signature, its content type.
    public struct Header: Sendable, Equatable {
        /// The name in lower case.
        public var name: String
        /// The value.
        public var value: String

        /// A header.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The source of events that are failure records: a name that no source can have.
    public static let failureSource = "@failures"

    /// The source's name.
    public var source: String = ""
    /// The routes that took it, by name, in order.
    public var routes: [String] = []
    /// The `webhook-id` that every attempt carries.
    public var webhookID: String = ""
    /// What goes on to http targets.
    public var headers: [Header] = []
    /// The columns of the audit log that come from the body.
    public var columns = EventColumns()

    /// No attributes.
    public init() {}

    /// The trace that the sender's request belongs to, as it says.
    var traceparent: String? { headers.first { $0.name == "traceparent" }?.value }
}
