import Cluster
import Dispatch
import Glibc
import HTTPServer
import Spool
import Synchronization

/// This relay as one of a cluster's: passes on what it tried and what it gave up, and says from time to time that it is there.
/// May be used from any thread.
final class ClusterMember: Sendable {
    /// How often it says how it is, in milliseconds.
    private static let announceMilliseconds = 2_000
    /// Of so many failures to begin with it one is said: one a minute.
    private static let complaintTries = 30
    /// How long lines may take to be passed on at the end, in milliseconds.
    private static let drainMilliseconds = 2_000
    private static let note = "relay"

    private let log: any ClusteredLog
    let identity: RelayIdentity
    private let feeds: [RecordFeed]
    private let queue = DispatchQueue(label: "hookswitch.member")
    private let isStopped = Mutex(false)
    private let notice: @Sendable (String, KeyValuePairs<String, String>) -> Void

    /// The relay that keeps its files in a directory and listens there.
    /// - Throws: `SpoolError` if it can't note down who it is.
    init(
        _ log: any ClusteredLog, notebook: Notebook, directory: String, listening address: ListenAddress?,
        notice: @escaping @Sendable (String, KeyValuePairs<String, String>) -> Void
    ) throws(SpoolError) {
        self.log = log
        self.notice = notice
        let id: String
        if let known = notebook.notes(under: ClusterMember.note)[""] {
            id = String(decoding: known, as: UTF8.self)
        } else {
            id = String(UInt64.random(in: .min ... .max), radix: 16)
            try notebook.change([ClusterMember.note: Array(id.utf8)])
        }
        let identity = RelayIdentity(id: id, name: ClusterMember.name(address))
        self.identity = identity
        feeds = RecordKind.allCases.map { kind in
            RecordFeed(
                RecordPages(directory: directory, stem: kind.rawValue),
                to: ClusterRecordSink(log: log, kind: kind, relay: identity), notice: notice)
        }
    }

    /// The cluster.
    /// - Throws: `SpoolError.elsewhere` before it was reached for the first time.
    func cluster() throws(SpoolError) -> JetStreamLog { try log.reached() }

    /// The broker that it is connected to, or was last.
    var broker: (name: String, version: String)? { log.jetStream?.connectedBroker }

    /// Lines that the cluster did not get since the start.
    var passedOver: Int { feeds.reduce(0) { $0 + $1.passedOver } }

    /// The files may have gained lines.
    func wake() { for feed in feeds { feed.wake() } }

    /// Begins to pass on and to tell. `describe` says how the relay is: one JSON object.
    func start(_ describe: @escaping @Sendable () -> [UInt8]) {
        wake()
        queue.async { self.announce(isReady: false, describe) }
    }

    /// Passes on what is left, and takes its leave.
    func stop() {
        isStopped.withLock { $0 = true }
        queue.sync {}
        for feed in feeds { feed.drain(within: ClusterMember.drainMilliseconds) }
        log.jetStream?.leave(identity)
    }

    /// Says how the relay is, and again and again from then on. `failures` counts how often the stream for it could not be made.
    private func announce(isReady: Bool, failures: Int = 0, _ describe: @escaping @Sendable () -> [UInt8]) {
        guard !isStopped.withLock({ $0 }) else { return }
        let isReady = isReady || log.jetStream != nil && prepare(isSaid: failures % ClusterMember.complaintTries == 0)
        if isReady { log.jetStream?.announce(describe(), by: identity) }
        queue.asyncAfter(deadline: .now() + .milliseconds(ClusterMember.announceMilliseconds)) { [self] in
            announce(isReady: isReady, failures: failures + 1, describe)
        }
    }

    private func prepare(isSaid: Bool) -> Bool {
        do throws(SpoolError) {
            try log.reached().prepareRelays()
            return true
        } catch {
            if isSaid { notice("the other relays can't be told of this one yet", ["reason": error.described]) }
            return false
        }
    }

    /// The host's name with what tells several relays on it apart.
    private static func name(_ address: ListenAddress?) -> String {
        var bytes = [CChar](repeating: 0, count: 256)
        gethostname(&bytes, bytes.count - 1)
        let host = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        switch address {
        case .v4(_, let port), .v6(_, _, let port): return "\(host):\(port)"
        case .unix(let path, _): return "\(host):\(path.filter { !$0.isNewline })"
        case .inherited, nil: return host
        }
    }
}
