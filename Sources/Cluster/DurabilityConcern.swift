import EventJSON
import NATS

/// Something about the brokers that a 202 is less worth for than the documentation says. Logic alone.
public enum DurabilityConcern: Hashable, Sendable {
    /// The brokers are there and don't let the relay do something, in their words.
    case notAllowed(String)
    /// The stream keeps each event on so many brokers only.
    case fewReplicas(Int)
    /// The stream has fewer replicas than the configuration says.
    case otherReplicas(Int, wanted: Int)
    /// The stream is not kept in files.
    case notInFiles(String)
    /// The stream loses messages in another way than by age.
    case otherRetention(String)
    /// The brokers name so few of them that so many replicas can't be.
    case fewBrokers(Int, wanted: Int)
    /// The account may store less than a full stream takes on all its brokers, in bytes.
    case smallAccount(Int, wanted: Int)
    /// So many of the stream's brokers are not there, or lag behind.
    case absent([String])
    /// The stream is not there yet.
    case noStream(String)
    /// Clients can't read how these brokers sync their disks.
    case syncUnknown([String])
    /// Brokers of this version have no `sync_interval: always`.
    case tooOld(String)

    /// How many brokers must have an event so that one can be lost.
    public static let replicasWanted = 3

    /// What to do where the brokers don't allow something.
    public static let permissions = "give the relay's user the permissions that the documentation of the cluster lists"

    /// What gives reason for it where the stream is not there yet: what is wanted, what the broker says of itself, and what
    /// JetStream says of the account.
    static func all(
        before stream: String, of settings: ClusterSettings, server: ServerInfo?, account: APIAnswer?
    ) -> [DurabilityConcern] {
        var concerns: [DurabilityConcern] = []
        if settings.replicas < replicasWanted { concerns.append(.fewReplicas(settings.replicas)) }
        if let brokers = server?.brokersKnown, brokers < settings.replicas {
            concerns.append(.fewBrokers(brokers, wanted: settings.replicas))
        }
        let (needed, isHuge) = settings.maxSizeBytes.multipliedReportingOverflow(by: settings.replicas)
        let wanted = isHuge ? .max : needed
        if let limit = account?.root[key: "limits"]?[key: "max_storage"]?.integer, limit >= 0, limit < wanted {
            concerns.append(.smallAccount(limit, wanted: wanted))
        }
        concerns.append(.noStream(stream))
        if let server, !server.isAtLeast(2, 10) { concerns.append(.tooOld(server.version)) }
        return concerns
    }

    /// What a stream's `STREAM.INFO` gives reason for.
    public static func all(of info: APIAnswer, wanted: Int, server: ServerInfo? = nil) -> [DurabilityConcern] {
        let configuration = info.root[key: "config"]
        let replicas = configuration?[key: "num_replicas"]?.integer ?? 1
        var concerns: [DurabilityConcern] = []
        if replicas < replicasWanted {
            concerns.append(.fewReplicas(replicas))
        }
        if replicas != wanted { concerns.append(.otherReplicas(replicas, wanted: wanted)) }
        let storage = configuration?[key: "storage"]?.string ?? "unknown"
        if storage != "file" { concerns.append(.notInFiles(storage)) }
        let retention = configuration?[key: "retention"]?.string ?? "limits"
        if retention != "limits" { concerns.append(.otherRetention(retention)) }
        let cluster = info.root[key: "cluster"]
        let others = cluster?[key: "replicas"]?.array ?? []
        let absent = others.filter { $0[key: "offline"]?.isTrue == true || $0[key: "current"]?.isTrue != true }
            .compactMap { $0[key: "name"]?.string }
        if !absent.isEmpty { concerns.append(.absent(absent.sorted())) }
        let names = [cluster?[key: "leader"]?.string].compactMap(\.self) + others.compactMap { $0[key: "name"]?.string }
        if let server, !server.isAtLeast(2, 10) {
            concerns.append(.tooOld(server.version))
        } else {
            concerns.append(.syncUnknown(names.sorted()))
        }
        return concerns
    }

    /// Whether the promise can't be kept with it.
    public var isFault: Bool {
        switch self {
        case .fewReplicas, .otherReplicas, .notInFiles, .otherRetention, .fewBrokers, .smallAccount, .notAllowed: true
        case .absent, .noStream, .syncUnknown, .tooOld: false
        }
    }

    /// What is wrong.
    public var message: String {
        switch self {
        case .notAllowed(let words): "the brokers don't allow what the relay needs: \(words)"
        case .fewReplicas(let count):
            "the stream keeps each event on \(count) broker\(count == 1 ? "" : "s"): "
                + (count == 1 ? "with its disk they are lost" : "without one of them nothing is accepted")
        case .otherReplicas(let count, let wanted): "the stream has \(count) replicas, the configuration says \(wanted)"
        case .notInFiles(let storage):
            "the stream is kept in \(storage), not in files: a restart of the brokers loses it"
        case .otherRetention(let retention):
            "the stream's retention is \(retention), not limits: events would go before they are delivered"
        case .fewBrokers(let count, let wanted):
            "\(wanted) replicas are wanted, and there \(count == 1 ? "is 1 broker" : "are \(count) brokers")"
        case .smallAccount(let limit, let wanted):
            "a full stream takes \(wanted) bytes on its brokers together, and the account may store \(limit)"
        case .absent(let names): "brokers of the stream are not there, or lag behind: \(names.joined(separator: ", "))"
        case .noStream(let name): "the stream \(name) is not there yet; the relay makes it at its start"
        case .syncUnknown(let names):
            "`sync_interval: always` can't be confirmed"
                + (names.isEmpty ? "" : " of \(names.joined(separator: ", "))")
                + ": without it, brokers that lose power together lose up to two minutes of what was answered 202"
        case .tooOld(let version):
            "brokers of version \(version) can't sync before they answer: those that lose power together lose up to two "
                + "minutes of what was answered 202"
        }
    }

    /// What to do.
    public var advice: String {
        switch self {
        case .notAllowed: DurabilityConcern.permissions
        case .fewReplicas, .otherReplicas: "three brokers, and `replicas` 3"
        case .fewBrokers: "start as many brokers in one cluster as `replicas` says"
        case .smallAccount: "lower `spool.max_size`, or raise the account's storage"
        case .otherRetention: "a stream's retention can't be changed so: let `name` be another one"
        case .notInFiles: "a stream's storage can't be changed: let `name` be another one"
        case .absent: "start them; one more that goes, and new events are refused with 503"
        case .noStream: "check again when the relay has run"
        case .syncUnknown: "look for it in each one's `jetstream` block: clients can't read it"
        case .tooOld: "nats-server 2.10 or later has `sync_interval: always`"
        }
    }
}
