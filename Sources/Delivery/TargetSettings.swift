import EventJSON
import Spool

/// A target as configured: where it is, its pace and its retry policy. `targets.*` in `routes.json`.
public struct TargetSettings: Sendable {
    /// What kind of place it is.
    public enum Kind: Sendable {
        case http(HTTPTargetSettings)
        case file(FileTargetSettings)
        case command(CommandTargetSettings)
    }

    /// Its name.
    public var name: String
    /// Its queue in the spool.
    public var queue: QueueID
    /// What kind of place it is.
    public var kind: Kind
    /// One attempt, from connect to last byte.
    public var timeout: Duration = .seconds(10)
    /// Attempts under way at once.
    public var concurrency: Int
    /// Whether the relay finds out itself how many the target bears.
    public var adaptsConcurrency = false
    /// Attempts started; `nil` for no limit.
    public var rate: Rate?
    /// Attempts started at once before `rate` counts; `nil` for a tenth of a second's worth.
    public var burst: Int?
    /// Events with the same value at this path go one after another, in event order.
    public var order: EventPath?
    /// When a failed attempt is tried again.
    public var retry = RetryPolicy()
    /// When the queue waits because the target is down.
    public var breaker = BreakerSettings()
    /// What is sent instead of the original bytes.
    public var body: JSONTemplate?
    /// What an event looks like to the target.
    public var format = EventFormat.original
    /// Several events in one request; `nil` for one each.
    public var batch: BatchSettings?
    /// The queue waits.
    public var paused = false
    /// Targets, by name, that get this one's failure records; `nil` for those of the whole configuration.
    public var onFailure: [String]?

    /// Events that a long-lived command is given before it has answered the first, where nothing is configured.
    public static let streamConcurrency = 256

    /// A target with its kind's defaults: 16 attempts at once for http, 1 for file, 4 for command.
    public init(name: String, queue: QueueID, kind: Kind) {
        self.name = name
        self.queue = queue
        self.kind = kind
        concurrency =
            switch kind {
            case .http: 16
            case .file: 1
            case .command: 4
            }
    }
}

/// So many in so long: `"100/s"`, `"600/m"`.
public struct Rate: Hashable, Sendable {
    /// How many.
    public var count: Int
    /// In how long.
    public var per: Duration

    /// A rate.
    public init(count: Int, per: Duration) {
        self.count = count
        self.per = per
    }
}

/// A file that events are appended to: `targets.*.file`.
public struct FileTargetSettings: Sendable {
    /// The path, absolute: placeholders first, then strftime in UTC.
    public var path: Template
    /// The mode of a new file; `nil` for the usual one, less what the process' mask takes.
    public var mode: UInt32?
    /// At how many bytes a file is set aside; `nil` for never.
    public var rotateBytes: Int?
    /// A file is set aside when a new period of this length has begun (UTC); `nil` for never.
    public var rotatePeriod: Duration?
    /// Whether what is set aside is compressed (gzip).
    public var compresses = false
    /// When lines are made durable.
    public var sync = Sync.always

    /// When lines are made durable.
    public enum Sync: Sendable, Equatable {
        /// Before their deliveries count as made.
        case always
        /// So much later at the most.
        case interval(Duration)
        /// When the kernel does.
        case never
    }

    /// A file.
    public init(path: Template) {
        self.path = path
    }
}

/// A command that gets each event on its standard input: `targets.*.command`.
public struct CommandTargetSettings: Sendable {
    /// How it is started.
    public enum Form: Sendable {
        /// A program and its arguments; placeholders allowed in the arguments.
        case argv([Template])
        /// A text for `/bin/sh -c`; no placeholders.
        case shell(String)
    }

    /// How it is started.
    public var form: Form
    /// Its working directory, absolute; the configuration's own if `nil`.
    public var directory: String?
    /// Environment beside the relay's own variables.
    public var environment: [(name: String, value: Template)] = []
    /// Exit codes that are final.
    public var finalExits: Set<Int32> = []
    /// The user that it runs as; the relay's own if `nil`.
    public var user: CommandUser?
    /// What it may not go beyond.
    public var limits = CommandLimits()
    /// Whether one long-lived process gets all events, a line each, and answers each with a line.
    public var isStream = false

    /// A command.
    public init(form: Form) {
        self.form = form
    }
}

/// When a failed attempt is tried again: `targets.*.retry`.
public struct RetryPolicy: Sendable {
    /// How long until the next attempt.
    public enum Schedule: Sendable {
        /// `first`, then `factor` times as long each time, at most `max`; jittered.
        case exponential(first: Duration, factor: Double, max: Duration)
        /// The sender's own: 1, 2, 4 … minutes after the first attempt, 12 retries, the last at 24 h.
        case voucherify
    }

    /// How long until the next attempt.
    public var schedule: Schedule = .exponential(first: .seconds(1), factor: 2, max: .seconds(3600))
    /// For how long after the first attempt a next one may begin.
    public var deadline: Duration = .seconds(86400)
    /// How many attempts at the most; `nil` for no limit.
    public var attempts: Int?
    /// Statuses tried again though they are final by default.
    public var retriedStatuses = StatusSet()
    /// Statuses final though they are tried again by default.
    public var finalStatuses = StatusSet()

    /// The defaults.
    public init() {}
}

/// A set of HTTP statuses: `"404"`, `"5xx"`.
public struct StatusSet: Sendable, Equatable {
    /// How a set names a status, the more exact way being the greater.
    enum Naming: Int, Comparable {
        case no, byClass, byItself

        static func < (one: Naming, other: Naming) -> Bool { one.rawValue < other.rawValue }
    }

    /// The statuses named by themselves.
    public var statuses: Set<Int> = []
    /// The classes named as a whole, by their first digit.
    public var classes: Set<Int> = []

    /// An empty set.
    public init() {}

    /// How it names a status.
    func naming(_ status: Int) -> Naming {
        statuses.contains(status) ? .byItself : classes.contains(status / 100) ? .byClass : .no
    }
}

/// When a target counts as down: `targets.*.breaker`.
public struct BreakerSettings: Sendable {
    /// So many failures in a row open it; 0 for never.
    public var after = 10
    /// How long until one probe goes out.
    public var probe: Duration = .seconds(30)

    /// The defaults.
    public init() {}
}
