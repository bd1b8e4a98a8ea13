import Spool

/// A log that is on a cluster, or has one behind it.
public protocol ClusteredLog: EventLog {
    /// The cluster; `nil` as long as no broker has been reached.
    var jetStream: JetStreamLog? { get }
}

extension ClusteredLog {
    /// The cluster.
    /// - Throws: `SpoolError.elsewhere` as long as no broker has been reached.
    public func reached() throws(SpoolError) -> JetStreamLog {
        guard let jetStream else { throw .notReached }
        return jetStream
    }
}

extension JetStreamLog: ClusteredLog {
    /// Itself.
    public var jetStream: JetStreamLog? { self }
}

extension BufferedLog: ClusteredLog {
    /// The cluster, once it has been reached.
    public var jetStream: JetStreamLog? { state.withLock { $0.cluster } }
}

extension SpoolError {
    /// What a cluster is asked for of which no broker has been reached yet.
    public static let notReached = SpoolError.elsewhere(reason: "no broker has been reached yet")

    /// Something else stands where an event should.
    static func noEvent(_ number: EventNumber) -> SpoolError {
        .damaged(segment: 0, offset: 0, reason: "message \(number) of the stream is no event")
    }
}
