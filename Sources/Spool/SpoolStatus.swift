import Platform

/// A spool at one moment.
public struct SpoolStatus: Sendable {
    /// What one queue holds.
    public struct Queue: Sendable {
        /// Its number.
        public var id: QueueID
        /// The target's name.
        public var name: String
        /// Deliveries owed, those handed out included.
        public var waiting: Int
        /// Deliveries given up and retained.
        public var failed: Int
        /// When the oldest owed event was received, in milliseconds since 1970; `nil` if none is owed.
        public var oldestReceivedAt: Int64?

        /// What one queue holds.
        public init(id: QueueID, name: String, waiting: Int, failed: Int, oldestReceivedAt: Int64?) {
            self.id = id
            self.name = name
            self.waiting = waiting
            self.failed = failed
            self.oldestReceivedAt = oldestReceivedAt
        }
    }

    /// Every queue that the spool knows, by number.
    public var queues: [Queue]
    /// Bytes on disk.
    public var bytes: Int
    /// Events retained.
    public var events: Int
    /// Records found damaged since the spool was made.
    public var corrupt: Int
    /// How long the last sync took, in seconds.
    public var syncSeconds: Double
    /// Every sync since the start.
    public var syncs: Histogram
    /// Events accepted since the last sync, which a power cut may take; 0 where every answer waits for its sync.
    public var unsynced = 0
    /// Why new events are refused, if they are.
    public var closed: String?
    /// For how long the disk has not answered a commit, in seconds; 0 unless new events are refused because of it.
    public var stalledSeconds: Double
    /// What stands before a log that is elsewhere; `nil` where nothing can.
    public var buffer: Buffer?

    /// Events that wait on this machine's disk for a log that is elsewhere.
    public struct Buffer: Sendable {
        /// How many there are.
        public var events: Int
        /// What they take on disk, in bytes.
        public var bytes: Int
        /// When the oldest that is owed was received, in milliseconds since 1970; `nil` if none is.
        public var oldestReceivedAt: Int64?
        /// Why new events go there; `nil` if they don't.
        public var reason: String?

        /// What stands before a log.
        public init(events: Int, bytes: Int, oldestReceivedAt: Int64?, reason: String?) {
            self.events = events
            self.bytes = bytes
            self.oldestReceivedAt = oldestReceivedAt
            self.reason = reason
        }
    }

    /// A spool at one moment.
    public init(
        queues: [Queue], bytes: Int, events: Int, corrupt: Int, syncSeconds: Double,
        syncs: Histogram = Histogram(.answer), unsynced: Int = 0, closed: String?, stalledSeconds: Double = 0
    ) {
        self.queues = queues
        self.bytes = bytes
        self.events = events
        self.corrupt = corrupt
        self.syncSeconds = syncSeconds
        self.syncs = syncs
        self.unsynced = unsynced
        self.closed = closed
        self.stalledSeconds = stalledSeconds
    }
}
