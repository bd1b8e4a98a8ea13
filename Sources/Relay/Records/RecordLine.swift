import EventJSON

/// One line of `audit.ndjson` or `failures.ndjson` as read back: the line itself, and where its columns stand in it.
public struct RecordLine: Sendable {
    /// The columns that can be read back.
    static let columns = [
        "status", "type", "webhook_id", "source", "source_object", "channel", "target", "target_url", "request_id",
        "event_created_at", "executed_at", "delivery", "attempt", "duration_ms", "error", "next_attempt_at",
        "response.status",
    ]
    private static let places = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })

    /// The line's bytes, without its end.
    public let bytes: [UInt8]
    private let found: [FoundValue?]

    /// `found` is what stands in each of `columns`.
    init(bytes: [UInt8], found: [FoundValue?]) {
        self.bytes = bytes
        self.found = found
    }

    /// A column as a text: a string bare, anything else as JSON; `nil` for `null` and for what is missing.
    public subscript(column: String) -> String? {
        guard let place = RecordLine.places[column], let value = found[place], value.kind != .null else { return nil }
        return bytes.withUnsafeBytes { line in
            let text = UnsafeRawBufferPointer(rebasing: line[value.range])
            return value.kind == .string ? JSONString.decode(text) : String(decoding: text, as: UTF8.self)
        }
    }
}
