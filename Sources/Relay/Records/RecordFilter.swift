import CPlatform
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
    public var type: String? { didSet { lookFor(type.map { ("type", $0) }, at: 0) } }
    /// The target's name.
    public var target: String? { didSet { lookFor(target.map { ("target", $0) }, at: 1) } }
    /// `SUCCEEDED`, `RETRYING` or `FAILED`.
    public var status: String? { didSet { lookFor(status.map { ("status", $0) }, at: 2) } }
    /// The source's name.
    public var source: String? { didSet { lookFor(source.map { ("source", $0) }, at: 3) } }
    /// Only what was executed at this moment or later, as `2026-01-01T00:00:00.000Z`.
    public var since: String?
    /// Only what was executed before this moment.
    public var until: String?
    /// Only this event's deliveries.
    public var event: UInt64? { didSet { needles[4] = event.map { Array("\"delivery\":\"\($0)/".utf8) } } }
    /// Only lines that have this text, whatever its case, in one of the columns that identify: webhook, request, delivery.
    public var text: String?

    /// The columns that can be read back.
    private static let names = [
        "status", "type", "webhook_id", "source", "source_object", "channel", "target", "target_url", "request_id",
        "event_created_at", "executed_at", "delivery", "attempt", "duration_ms", "error", "next_attempt_at",
        "response.status",
    ]

    private static let identifying = ["webhook_id", "request_id", "delivery"]

    private var scanner: EventScanner
    /// What a wanted line holds somewhere, as the relay writes it: most lines are passed over without being read.
    private var needles: [[UInt8]?] = Array(repeating: nil, count: 5)

    /// A filter that takes every line.
    public init() {
        var paths = PathSet()
        for name in RecordFilter.names { _ = paths.insert(EventPath(name)) }
        scanner = EventScanner(paths)
    }

    /// Reads a line; `nil` if it is not wanted, or torn.
    public mutating func take(_ bytes: some Collection<UInt8>) -> RecordLine? {
        let bytes = Array(bytes)
        guard hasNeedles(bytes) else { return nil }
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

    private mutating func lookFor(_ member: (name: String, value: String)?, at place: Int) {
        needles[place] = member.map { name, value in
            var writer = JSONWriter()
            writer.object { $0.member(name, value) }
            return Array(writer.bytes.dropFirst().dropLast())
        }
    }

    private func hasNeedles(_ line: [UInt8]) -> Bool {
        line.withUnsafeBytes { bytes in
            needles.allSatisfy { needle in
                guard let needle else { return true }
                return hs_find(bytes.baseAddress, bytes.count, needle, needle.count) != nil
            }
        }
    }

    private func isWanted(_ columns: [String: String]) -> Bool {
        if let type, columns["type"] != type { return false }
        if let target, columns["target"] != target { return false }
        if let status, columns["status"] != status { return false }
        if let source, columns["source"] != source { return false }
        if let until, columns["executed_at"] ?? "" >= until { return false }
        if let text {
            let wanted = text.lowercased()
            guard RecordFilter.identifying.contains(where: { columns[$0]?.lowercased().contains(wanted) == true })
            else { return false }
        }
        if let since, columns["executed_at"] ?? "" < since { return false }
        if let event, columns["delivery"]?.hasPrefix("\(event)/") != true { return false }
        return true
    }
}
