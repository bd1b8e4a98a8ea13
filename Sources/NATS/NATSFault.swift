/// Why something asked of the servers was not done, of one of three kinds.
public struct NATSFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// What follows from it.
    public enum Kind: Hashable, Sendable {
        /// It may be done later: no connection, no leader, no answer in time, no room.
        case later
        /// It will not be done however often it is asked.
        case never
        /// Our settings are wrong: credentials, permissions, JetStream not enabled.
        case ours
    }

    /// What follows from it.
    public var kind: Kind
    /// The reason, for people.
    public var reason: String
    /// JetStream's own number of the reason (`err_code`), if it gave one.
    public var code: Int?
    /// Whether it may have been done all the same: no answer came, or none that is understood.
    public var isUncertain = false

    /// A fault.
    public init(_ kind: Kind, _ reason: String, code: Int? = nil, isUncertain: Bool = false) {
        self.isUncertain = isUncertain
        self.kind = kind
        self.reason = reason
        self.code = code
    }

    /// Whether what was expected to be a subject's last message is not.
    public var isWrongLast: Bool {
        code == NATSFault.wrongLastSequence || code == NATSFault.wrongLastSequenceYet
    }

    /// The reason.
    public var description: String { reason }

    /// What JetStream answers where it refuses: `error` with a status as HTTP has them, and a number of its own.
    init(status: Int, code: Int, text: String) {
        let kind: Kind =
            switch (status, code) {
            // Some of these come with a status that else means "later".
            case (_, let code) where NATSFault.final.contains(code): .never
            // Too many streams or consumers for the account, storage that is full, a leader that is being chosen.
            case (503, _), (500, _), (_, NATSFault.insufficientStorage), (_, NATSFault.inProcess): .later
            case (401, _), (403, _), (_, NATSFault.notEnabled), (_, NATSFault.notEnabledForAccount): .ours
            default: .never
            }
        self.init(kind, text, code: code)
    }

    /// A stream of that name has other settings.
    public static let streamNameInUse = 10058
    /// There is no such stream.
    public static let streamNotFound = 10059
    /// There is no such consumer.
    public static let consumerNotFound = 10014
    /// A consumer can't be made, or can't be changed so: later servers answer this with a status that else means "later".
    public static let consumerNotMade = 10012
    /// There is no such message.
    public static let messageNotFound = 10037
    /// What was expected to be a subject's last message is not.
    public static let wrongLastSequence = 10071
    /// The same, where another message of the subject is just being stored.
    static let wrongLastSequenceYet = 10164
    /// A message of the same id is being stored.
    public static let inProcess = 10158
    static let insufficientStorage = 10047
    /// What servers answer who are to make a stream that is there: the later ones, and those before 2.10 where what is reserved
    /// leaves no room for a second one.
    public static let maybeThere: Set<Int> = [streamNameInUse, insufficientStorage]
    /// What no waiting changes: settings that the servers don't take or that don't fit a stream that is there, subjects that another
    /// stream takes, replicas without a cluster, an account's limits.
    static let final: Set<Int> = [
        invalidSettings, overlap, notClustered, accountExceeded, tooManyStreams, sizeNeeded, sizeTooBig,
    ]
    /// A stream can't have, or can't be given, these settings.
    public static let invalidSettings = 10052
    /// Another stream takes the subjects.
    public static let overlap = 10065
    static let notClustered = 10074
    static let accountExceeded = 10002
    static let tooManyStreams = 10027
    static let sizeNeeded = 10113
    static let sizeTooBig = 10122
    /// Whether it stays so whatever is waited for.
    public var isFinal: Bool { code.map(NATSFault.final.contains) ?? false }
    static let notEnabled = 10076
    static let notEnabledForAccount = 10039
}
