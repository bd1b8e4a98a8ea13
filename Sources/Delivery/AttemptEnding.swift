/// How one attempt ended, as a transport saw it. What follows from that, `Verdict` says.
public enum AttemptEnding: Sendable, Equatable {
    /// The file took the line.
    case written
    /// An HTTP answer came.
    case answered(Answer)
    /// The command exited; the end of its output.
    case exited(code: Int32, output: [UInt8])
    /// The attempt failed on the way: connection, disk, a signal, the time. The reason is for people.
    case broken(reason: String, output: [UInt8] = [])
    /// The event can't be delivered to this target as it is, today or tomorrow: no JSON where a line of JSON is wanted.
    case unfit(reason: String)
    /// The relay stopped it: it counts as not made.
    case cancelled

    /// What is kept of an HTTP answer.
    public struct Answer: Sendable, Equatable {
        /// How much of a body is kept for the record, in bytes.
        public static let keptBodyBytes = 1024
        /// How much of a body is read at all, in bytes.
        static let readBodyBytes = 64 << 10

        /// What a body says that its status does not: the status that means the same, and the reason.
        public struct Meaning: Sendable, Equatable {
            /// By which the answer is judged.
            public var status: Int
            /// For people.
            public var reason: String
        }

        /// The status.
        public var status: Int
        /// The body's beginning.
        public var body: [UInt8]
        /// When the endpoint wants the next request, if it said so.
        public var retryAfter: RetryAfter?
        /// Where a redirect points.
        public var location: String?
        /// Whether the header `x-amz-function-error` is there.
        var hasFunctionError = false
        /// What it means, where the status says too little.
        public var meaning: Meaning?

        /// The status by which the answer is judged.
        public var judged: Int { meaning?.status ?? status }

        /// An answer.
        public init(status: Int, body: [UInt8] = [], retryAfter: RetryAfter? = nil, location: String? = nil) {
            self.status = status
            self.body = body
            self.retryAfter = retryAfter
            self.location = location
        }
    }
}
