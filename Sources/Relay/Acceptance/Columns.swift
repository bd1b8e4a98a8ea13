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

    /// Appends the columns of a body just scanned to its attributes. What is missing or no string is left out.
    func append(_ scanner: borrowing EventScanner, in body: UnsafeRawBufferPointer, to attributes: inout [UInt8]) {
        append(.type, type, scanner, body, &attributes)
        append(.id, id, scanner, body, &attributes)
        append(.sourceObject, sourceObject, scanner, body, &attributes)
        append(.channel, channel, scanner, body, &attributes)
        append(.requestID, requestID, scanner, body, &attributes)
        append(.eventCreatedAt, eventCreatedAt, scanner, body, &attributes)
    }

    private func append(
        _ tag: EventAttributes.Tag, _ path: Int, _ scanner: borrowing EventScanner, _ body: UnsafeRawBufferPointer,
        _ attributes: inout [UInt8]
    ) {
        guard let found = scanner.first(path), found.kind == .string else { return }
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
