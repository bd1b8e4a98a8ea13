/// What has become of spans since the start.
public struct SpanTally: Sendable, Equatable {
    /// Why spans were dropped.
    public enum Loss: String, CaseIterable, Sendable {
        /// More came than the collector took.
        case queueFull = "queue_full"
        /// The collector did not want them.
        case refused
        /// Nobody listened.
        case unreachable
    }

    /// Spans that the collector took.
    public var sent = 0
    /// Spans dropped, by reason.
    public var dropped: [Loss: Int] = [:]

    /// Counts spans that were dropped; none is none.
    mutating func drop(_ count: Int, _ loss: Loss) {
        if count > 0 { dropped[loss, default: 0] += count }
    }
}
