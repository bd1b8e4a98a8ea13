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

    /// The columns of a body just scanned. What is missing or no string is `nil`.
    func read(_ scanner: borrowing EventScanner, in body: UnsafeRawBufferPointer) -> EventColumns {
        var columns = EventColumns()
        columns.type = text(type, scanner, body)
        columns.id = text(id, scanner, body)
        columns.sourceObject = text(sourceObject, scanner, body)
        columns.channel = text(channel, scanner, body)
        columns.requestID = text(requestID, scanner, body)
        columns.eventCreatedAt = text(eventCreatedAt, scanner, body)
        return columns
    }

    private func text(_ path: Int, _ scanner: borrowing EventScanner, _ body: UnsafeRawBufferPointer) -> String? {
        guard let found = scanner.first(path), found.kind == .string else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: body[found.range])
        guard bytes.count <= Columns.lengthLimitBytes else {
            return String(decoding: bytes.prefix(Columns.lengthLimitBytes), as: UTF8.self) + "…"
        }
        return found.hasEscapes ? JSONString.decode(bytes) : String(decoding: bytes, as: UTF8.self)
    }
}
