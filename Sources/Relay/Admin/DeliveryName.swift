import Spool

/// A delivery as people write it: `1042/crm`.
public struct DeliveryName: Hashable, Sendable, CustomStringConvertible {
    /// The event.
    public var event: EventNumber
    /// The target's name.
    public var target: String

    /// Reads a name; `nil` if it is none.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let number = UInt64(parts[0]), number > 0, !parts[1].isEmpty else { return nil }
        event = EventNumber(rawValue: number)
        target = String(parts[1])
    }

    /// The name.
    public init(event: EventNumber, target: String) {
        self.event = event
        self.target = target
    }

    /// As people write it.
    public var description: String { "\(event)/\(target)" }
}
