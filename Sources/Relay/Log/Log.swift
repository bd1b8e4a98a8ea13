import CPlatform
import Delivery
import EventJSON
import Glibc
import Platform
import Synchronization

/// The daemon's log: one line an entry on standard error, as text or JSON. May be called from any thread.
///
/// `HOOKSWITCH_LOG` says from which level on, `HOOKSWITCH_LOG_FORMAT` how. Callers give no secret to it.
public final class Log: Sendable {
    /// How much an entry matters.
    public enum Level: Int, Comparable, Sendable {
        case debug, info, warning, error

        /// By weight.
        public static func < (one: Level, other: Level) -> Bool { one.rawValue < other.rawValue }

        /// As syslog counts (RFC 5424 §6.2.1).
        fileprivate var priority: Int {
            switch self {
            case .debug: 7
            case .info: 6
            case .warning: 4
            case .error: 3
            }
        }

        init?(_ name: String) {
            switch name {
            case "debug": self = .debug
            case "info": self = .info
            case "warning": self = .warning
            case "error": self = .error
            default: return nil
            }
        }
    }

    /// The longest value of a field, in characters.
    private static let valueLimit = 2000

    private let level: Level
    private let isJSON: Bool
    /// Whether the journal reads it: it takes an entry's level from a prefix (sd-daemon(3)), and knows the time.
    private let isJournal: Bool
    private let order = Mutex(())

    /// A log as the environment asks for it.
    public init(environment: (String) -> String? = { getenv($0).map { String(cString: $0) } }) {
        let asked = environment("HOOKSWITCH_LOG") ?? ""
        let format = environment("HOOKSWITCH_LOG_FORMAT") ?? ""
        level = Level(asked) ?? .info
        isJSON = format == "json"
        isJournal = environment("JOURNAL_STREAM") == Log.identityOfStandardError
        if !asked.isEmpty && Level(asked) == nil {
            write(.warning, "HOOKSWITCH_LOG is no level: debug, info, warning or error", ["value": asked])
        }
        if !["", "text", "json"].contains(format) {
            write(.warning, "HOOKSWITCH_LOG_FORMAT is no format: text or json", ["value": format])
        }
    }

    /// Device and inode, as the journal names the stream that it gave a service.
    private static var identityOfStandardError: String? {
        var status = stat()
        return fstat(StandardStream.error.rawValue, &status) == 0 ? "\(status.st_dev):\(status.st_ino)" : nil
    }

    /// Whether entries of a level are written: what takes work to say need not be made for nothing.
    func takes(_ level: Level) -> Bool { level >= self.level }

    /// Writes an entry with its fields.
    public func write(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        guard takes(level) else { return }
        let entry = isJSON ? json(level, message, fields) : text(level, message, fields)
        let line = isJournal ? Array("<\(level.priority)>".utf8) + entry : entry
        // Where nobody reads the log, the relay goes on without it.
        order.withLock { _ in _ = StandardStream.error.write(line) }
    }

    private func json(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, String>) -> [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("time", CivilDate.iso8601(hs_wall_ms()))
            $0.member("level", "\(level)")
            $0.member("message", message)
            for (name, value) in fields { $0.member(name, String(value.prefix(Log.valueLimit))) }
        }
        return writer.bytes + [0x0A]
    }

    private func text(_ level: Level, _ message: String, _ fields: KeyValuePairs<String, String>) -> [UInt8] {
        var line = isJournal ? message : "\(CivilDate.iso8601(hs_wall_ms())) \(level) \(message)"
        for (name, value) in fields {
            let shown = value.prefix(Log.valueLimit)
            let isPlain =
                !shown.isEmpty && shown.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D && $0 != 0x7F }
            line += " \(name)="
            if isPlain {
                line += shown
            } else {
                var writer = JSONWriter()
                writer.string(String(shown))
                line += writer.text
            }
        }
        // A message may quote what somebody sent: it must not begin a line of its own.
        return line.utf8.map { $0 < 0x20 ? 0x20 : $0 } + [0x0A]
    }
}
