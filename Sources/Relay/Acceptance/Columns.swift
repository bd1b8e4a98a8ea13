import Delivery
import EventJSON

/// Where the audit log's columns stand in a body: looked for in the same scan as everything else.
struct Columns: Sendable {
    private let type: Int
    private let id: Int
    private let sourceObject: Int
    private let channel: Int
    private let requestID: Int
    private let eventCreatedAt: Int

    /// A column longer than this is cut, in bytes: a log line is for people.
    static let lengthLimitBytes = 512

    init(adding paths: inout PathSet) {
        type = paths.insert(EventPath("type"))
        id = paths.insert(EventPath("id"))
        sourceObject = paths.insert(EventPath("source.object"))
        channel = paths.insert(EventPath("event.event_source.channel"))
        requestID = paths.insert(EventPath("event.group_id"))
        eventCreatedAt = paths.insert(EventPath("event.created_at"))
    }

    /// Where one body's columns stand: plain places, so that the scanner that found them need not be kept at hand.
    struct Found {
        var type: FoundValue?
        var id: FoundValue?
        var sourceObject: FoundValue?
        var channel: FoundValue?
        var requestID: FoundValue?
        var eventCreatedAt: FoundValue?

        /// Appends the columns to an event's attributes. What is missing or no string is left out.
        func append(from body: UnsafeRawBufferPointer, to attributes: inout [UInt8]) {
            Columns.append(.type, type, body, &attributes)
            Columns.append(.id, id, body, &attributes)
            Columns.append(.sourceObject, sourceObject, body, &attributes)
            Columns.append(.channel, channel, body, &attributes)
            Columns.append(.requestID, requestID, body, &attributes)
            Columns.append(.eventCreatedAt, eventCreatedAt, body, &attributes)
        }
    }

    /// The columns of a body just scanned.
    func find(_ scanner: borrowing EventScanner) -> Found {
        Found(
            type: scanner.first(type), id: scanner.first(id), sourceObject: scanner.first(sourceObject),
            channel: scanner.first(channel), requestID: scanner.first(requestID),
            eventCreatedAt: scanner.first(eventCreatedAt))
    }

    private static func append(
        _ tag: EventAttributes.Tag, _ found: FoundValue?, _ body: UnsafeRawBufferPointer, _ attributes: inout [UInt8]
    ) {
        guard let found, found.kind == .string else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: body[found.range])
        if bytes.count <= Columns.lengthLimitBytes && !found.hasEscapes {
            return EventAttributes.append(tag, bytes, to: &attributes)
        }
        var text: String
        if bytes.count > Columns.lengthLimitBytes {
            text = String(decoding: bytes.prefix(Columns.lengthLimitBytes), as: UTF8.self) + "…"
        } else {
            guard let decoded = JSONString.decode(bytes) else { return }
            text = decoded
        }
        text.withUTF8 { EventAttributes.append(tag, UnsafeRawBufferPointer($0), to: &attributes) }
    }
}
