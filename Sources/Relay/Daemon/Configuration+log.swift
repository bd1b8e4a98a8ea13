import Cluster
import NATS
import Spool

extension Configuration {
    /// Opens what keeps the events: the spool's directory, or the cluster.
    /// - Throws: what keeps it from opening; `SpoolError.locked` if another daemon has the directory.
    func openLog(_ notices: Notices) throws(SpoolError) -> any EventLog {
        guard let cluster = clusterInForce else { return try Spool(spool, notice: { notices.hear($0) }) }
        if cluster.isBuffered { return try BufferedLog(cluster, spool) { notices.hear($0) } }
        notices.warnOfSpool(at: spool.path)
        return try JetStreamLog(cluster) { notices.hear($0) }
    }

    /// Where the events are kept, for the log.
    var spoolInWords: String {
        guard let cluster else { return spool.path }
        let servers = cluster.client.servers.map(\.description).joined(separator: " ")
        return "stream \(cluster.name) of \(servers), and \(spool.path)"
    }
}
