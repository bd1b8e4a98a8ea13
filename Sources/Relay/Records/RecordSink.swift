import Cluster
import Spool

/// Where one of a relay's two record files is passed on to.
protocol RecordSink: Sendable {
    /// The most that is taken at once, in bytes; 0 if that is not known yet.
    var limitBytes: Int { get }
    /// Makes it ready. Blocks.
    func prepare() throws(SpoolError)
    /// The place in the file up to which it has the lines; `nil` if it has none. Blocks.
    func lastPlace() throws(SpoolError) -> String?
    /// Passes on whole lines that end at a place; calls back from any thread with the reason why they are not taken, or `nil`.
    func publish(_ lines: [UInt8], upTo place: String, _ done: @escaping @Sendable (String?) -> Void)
}

/// The stream of a kind of record on the cluster.
struct ClusterRecordSink: RecordSink {
    let log: any ClusteredLog
    let kind: RecordKind
    let relay: RelayIdentity

    var limitBytes: Int { log.jetStream?.recordLimitBytes ?? 0 }
    func prepare() throws(SpoolError) { try log.reached().prepare(kind) }
    func lastPlace() throws(SpoolError) -> String? { try log.reached().lastPlace(kind, of: relay) }
    func publish(_ lines: [UInt8], upTo place: String, _ done: @escaping @Sendable (String?) -> Void) {
        guard let cluster = log.jetStream else { return done(SpoolError.notReached.described) }
        cluster.publish(lines, of: kind, by: relay, upTo: place, done)
    }
}
