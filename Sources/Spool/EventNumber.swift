/// An event's number: a positive integer, given in order of acceptance, never reused.
public struct EventNumber: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number itself; 0 stands before the first event.
    public let rawValue: UInt64

    /// The event number of this value.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// In order of acceptance.
    public static func < (one: EventNumber, other: EventNumber) -> Bool { one.rawValue < other.rawValue }

    /// The number in digits.
    public var description: String { String(rawValue) }
}

/// A target's number in the spool: small, given once for a name, never reused. The spool's table says whose it is.
public struct QueueID: RawRepresentable, Hashable, Comparable, Sendable {
    /// The number itself.
    public let rawValue: UInt16

    /// The queue of this number.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// By number.
    public static func < (one: QueueID, other: QueueID) -> Bool { one.rawValue < other.rawValue }
}

/// Where an event's record stands. Opaque to everyone but the log that gave it.
public struct Position: Hashable, Sendable {
    /// The first event number of the segment.
    public var segment: UInt64
    /// The record's first byte in the segment.
    public var offset: UInt32
    /// Whose record it is; 0 if that is not known. A segment may be compacted between the giving and the reading.
    public var event: UInt64

    /// A place in a segment.
    public init(segment: UInt64, offset: UInt32, event: UInt64 = 0) {
        self.segment = segment
        self.offset = offset
        self.event = event
    }
}
