import CPlatform
import EventJSON

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

    private static let identifying = ["webhook_id", "request_id", "delivery"]

    private var scanner: EventScanner
    /// What a wanted line holds somewhere, as the relay writes it: most lines are passed over without being read.
    private var needles: [[UInt8]?] = Array(repeating: nil, count: 5)

    /// A filter that takes every line.
    public init() {
        var paths = PathSet()
        for name in RecordLine.columns { _ = paths.insert(EventPath(name)) }
        scanner = EventScanner(paths)
    }

    /// Reads a line; `nil` if it is not wanted, or torn.
    public mutating func take(_ bytes: some Collection<UInt8>) -> RecordLine? {
        let bytes = Array(bytes)
        guard hasNeedles(bytes) else { return nil }
        let isWhole = bytes.withUnsafeBytes { body in
            do throws(JSONSyntaxError) { try scanner.scan(body) } catch { return false }
            return true
        }
        guard isWhole else { return nil }
        let line = RecordLine(bytes: bytes, found: RecordLine.columns.indices.map { scanner.first($0) })
        return isWanted(line) ? line : nil
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

    private func isWanted(_ line: RecordLine) -> Bool {
        if let type, line["type"] != type { return false }
        if let target, line["target"] != target { return false }
        if let status, line["status"] != status { return false }
        if let source, line["source"] != source { return false }
        if let until, line["executed_at"] ?? "" >= until { return false }
        if let text {
            let wanted = text.lowercased()
            guard RecordFilter.identifying.contains(where: { line[$0]?.lowercased().contains(wanted) == true })
            else { return false }
        }
        if let since, line["executed_at"] ?? "" < since { return false }
        if let event, line["delivery"]?.hasPrefix("\(event)/") != true { return false }
        return true
    }
}
