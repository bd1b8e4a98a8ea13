/// Something that people should know: for the daemon's log. Never holds a secret.
public struct DeliveryNotice: Sendable {
    /// How much it matters.
    public enum Level: Sendable {
        case info, warning, error
    }

    /// How much it matters.
    public var level: Level
    /// The target it is about, if it is about one.
    public var target: String?
    /// A sentence without a full stop.
    public var message: String

    /// A notice.
    public init(level: Level, target: String? = nil, message: String) {
        self.level = level
        self.target = target
        self.message = message
    }
}
