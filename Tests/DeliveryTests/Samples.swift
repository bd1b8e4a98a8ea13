import EventJSON
import Spool

@testable import Delivery

extension EventNumber: ExpressibleByIntegerLiteral {
    /// A number as a test writes it.
    public init(integerLiteral value: UInt64) { self.init(rawValue: value) }
}

extension Moment {
    /// A moment at which both clocks show the same.
    static func at(_ milliseconds: Int64) -> Moment { Moment(wall: milliseconds, steady: milliseconds) }
}

extension OwedDelivery {
    /// A delivery of an event, as the log hands it out.
    static func of(_ event: EventNumber, progress: Progress = Progress(), notBefore: Int64 = 0) -> OwedDelivery {
        OwedDelivery(
            event: event, position: Position(segment: 1, offset: UInt32(event.rawValue)), progress: progress,
            notBefore: notBefore)
    }
}

extension Attempt {
    /// An attempt to deliver a body to the target `crm`.
    static func of(
        _ event: EventNumber = 1042, body: String = #"{"type":"redemption.succeeded"}"#, number: UInt32 = 1,
        at startedAt: Int64 = 1_767_225_600_000, _ change: (inout EventAttributes) -> Void = { _ in }
    ) -> Attempt {
        of(event, bytes: Array(body.utf8), number: number, at: startedAt, change)
    }

    /// An attempt to deliver any bytes to it.
    static func of(
        _ event: EventNumber = 1042, bytes: [UInt8], number: UInt32 = 1, at startedAt: Int64 = 1_767_225_600_000,
        _ change: (inout EventAttributes) -> Void = { _ in }
    ) -> Attempt {
        var attributes = EventAttributes()
        attributes.source = "voucherify"
        attributes.routes = ["redemptions", "everything"]
        attributes.webhookID = "msg_\(event)"
        attributes.columns.type = "redemption.succeeded"
        change(&attributes)
        return Attempt(
            event: Event(number: event, receivedAt: 1_767_225_500_000, attributes: attributes, body: bytes),
            target: "crm", number: number, startedAt: .at(startedAt))
    }
}

extension TargetSettings {
    /// An HTTP target.
    static func http(
        _ url: String = "http://127.0.0.1:1/", name: String = "crm", queue: UInt16 = 1,
        _ change: (inout HTTPTargetSettings) throws -> Void = { _ in }
    ) throws -> TargetSettings {
        var http = HTTPTargetSettings(url: try Template(parsing: url))
        try change(&http)
        return TargetSettings(name: name, queue: QueueID(rawValue: queue), kind: .http(http))
    }

    /// A file target.
    static func file(
        _ path: String, name: String = "archive", queue: UInt16 = 1,
        _ change: (inout FileTargetSettings) -> Void = { _ in }
    ) throws -> TargetSettings {
        var file = FileTargetSettings(path: try Template(parsing: path))
        change(&file)
        return TargetSettings(name: name, queue: QueueID(rawValue: queue), kind: .file(file))
    }

    /// A command target.
    static func command(
        _ arguments: [String], name: String = "mail", queue: UInt16 = 1,
        _ change: (inout CommandTargetSettings) throws -> Void = { _ in }
    ) throws -> TargetSettings {
        var command = CommandTargetSettings(form: .argv(try arguments.map { try Template(parsing: $0) }))
        try change(&command)
        return TargetSettings(name: name, queue: QueueID(rawValue: queue), kind: .command(command))
    }

    /// A command target by a text for the shell.
    static func shell(
        _ text: String, name: String = "mail", queue: UInt16 = 1,
        _ change: (inout CommandTargetSettings) throws -> Void = { _ in }
    ) throws -> TargetSettings {
        var command = CommandTargetSettings(form: .shell(text))
        try change(&command)
        return TargetSettings(name: name, queue: QueueID(rawValue: queue), kind: .command(command))
    }
}

extension DeliveryOptions {
    /// Options whose chance is no chance, and whose commands run in `directory`.
    static func plain(directory: String = "/") -> DeliveryOptions {
        DeliveryOptions(userAgent: "hookswitch/test", directory: directory, random: { 0.5 })
    }
}

extension AttemptEnding {
    /// What a command wrote, as text.
    var output: String? {
        switch self {
        case .exited(_, let output), .broken(_, let output): String(decoding: output, as: UTF8.self)
        default: nil
        }
    }

    /// What an endpoint answered.
    var answer: Answer? {
        if case .answered(let answer) = self { answer } else { nil }
    }
}
