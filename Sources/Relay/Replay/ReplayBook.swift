import Cluster
import Spool

/// Where replays are kept, so that they outlive the relay that runs them.
protocol ReplayBook: AnyObject, Sendable {
    /// Who runs the replays that are begun here; `nil` where nobody else can.
    var relay: RelayIdentity? { get }

    /// Makes it, if it is not there.
    func prepare() throws(SpoolError)

    /// The replays that have been changed since a version, the oldest change first; all of them since 0.
    func changes(since version: UInt64) throws(SpoolError) -> [KeptReplay]

    /// Keeps a replay whose last state has this version, 0 for none; answers the new version, `nil` if somebody else was faster.
    func keep(_ job: ReplayJob, after version: UInt64) throws(SpoolError) -> UInt64?

    /// Forgets a replay.
    func forget(_ id: Int) throws(SpoolError)
}

/// A replay as it was kept last.
struct KeptReplay {
    var job: ReplayJob
    /// What tells this state of it from any other: later ones are greater.
    var version: UInt64
}

/// The relay's own notebook.
final class NotebookReplays: ReplayBook {
    private static let prefix = "replay/"

    private let notebook: Notebook
    private let notice: @Sendable (String, KeyValuePairs<String, String>) -> Void

    init(_ notebook: Notebook, notice: @escaping @Sendable (String, KeyValuePairs<String, String>) -> Void) {
        (self.notebook, self.notice) = (notebook, notice)
    }

    var relay: RelayIdentity? { nil }
    func prepare() {}

    func changes(since version: UInt64) -> [KeptReplay] {
        guard version == 0 else { return [] }
        return notebook.notes(under: NotebookReplays.prefix).values.compactMap { ReplayJob($0) }
            .map { KeptReplay(job: $0, version: 1) }
    }

    /// A dry run is worth no note: after a restart it is asked for again.
    func keep(_ job: ReplayJob, after version: UInt64) -> UInt64? {
        if !job.isDryRun { write(job.id, job.note) }
        return version + 1
    }

    func forget(_ id: Int) { write(id, nil) }

    /// A replay goes on whose note could not be written: it may then begin from further back after a restart.
    private func write(_ id: Int, _ note: [UInt8]?) {
        do throws(SpoolError) { try notebook.change([NotebookReplays.prefix + "\(id)": note]) } catch {
            notice("how far a replay has come could not be written", ["reason": error.described])
        }
    }
}

/// The brokers, for all relays of a cluster.
final class ClusterReplays: ReplayBook {
    private let log: any ClusteredLog
    private let identity: RelayIdentity

    init(_ log: any ClusteredLog, _ identity: RelayIdentity) { (self.log, self.identity) = (log, identity) }

    var relay: RelayIdentity? { identity }
    func prepare() throws(SpoolError) { try log.reached().prepareReplays() }

    func changes(since version: UInt64) throws(SpoolError) -> [KeptReplay] {
        try log.reached().replays(after: version).compactMap { kept in
            ReplayJob(kept.note).map { KeptReplay(job: $0, version: kept.version) }
        }
    }

    func keep(_ job: ReplayJob, after version: UInt64) throws(SpoolError) -> UInt64? {
        try log.reached().keep(job.note, ofReplay: job.id, after: version)
    }

    func forget(_ id: Int) throws(SpoolError) { try log.reached().forgetReplay(id) }
}
