import EventJSON

/// One line of `audit.ndjson` or `failures.ndjson` as read back: the line itself, and its columns as texts.
public struct RecordLine: Sendable {
    /// The line's bytes, without its end.
    public var bytes: [UInt8]
    /// Its columns by name; a string bare, anything else as JSON, `null` and what is missing not at all.
    public var columns: [String: String]
}

/// Which lines of the two files are wanted. Owned by one thread.
public struct RecordFilter {
    /// The event's type, exactly.
    public var type: String?
    /// The target's name.
    public var target: String?
    /// `SUCCEEDED`, `RETRYING` or `FAILED`.
    public var status: String?
    /// Only what was executed at this moment or later, as `2026-01-01T00:00:00.000Z`.
    public var since: String?
    /// Only this event's deliveries.
    public var event: UInt64?

    /// The columns that can be read back.
    private static let names = [
        "status", "type", "webhook_id", "source", "source_object", "channel", "target", "target_url", "request_id",
        "event_created_at", "executed_at", "delivery", "attempt", "duration_ms", "error", "next_attempt_at",
        "response.status",
    ]

    private var scanner: EventScanner

    /// A filter that takes every line.
    public init() {
        var paths = PathSet()
        for name in RecordFilter.names { _ = paths.insert(EventPath(name)) }
        scanner = EventScanner(paths)
    }

    /// Reads a line; `nil` if it is not wanted, or torn.
    public mutating func take(_ bytes: some Collection<UInt8>) -> RecordLine? {
        let bytes = Array(bytes)
        let columns: [String: String]? = bytes.withUnsafeBytes { body in
            do throws(JSONSyntaxError) { try scanner.scan(body) } catch { return nil }
            var columns: [String: String] = [:]
            for (index, name) in RecordFilter.names.enumerated() {
                guard let found = scanner.first(index), found.kind != .null else { continue }
                let range = UnsafeRawBufferPointer(rebasing: body[found.range])
                columns[name] =
                    found.kind == .string
                    ? JSONString.decode(range) : String(decoding: range, as: UTF8.self)
            }
            return columns
        }
        guard let columns, isWanted(columns) else { return nil }
        return RecordLine(bytes: bytes, columns: columns)
    }

    private func isWanted(_ columns: [String: String]) -> Bool {
        if let type, columns["type"] != type { return false }
        if let target, columns["target"] != target { return false }
        if let status, columns["status"] != status { return false }
        if let since, columns["executed_at"] ?? "" < since { return false }
        if let event, columns["delivery"]?.hasPrefix("\(event)/") != true { return false }
        return true
    }
}
