import Cluster
import Delivery
import EventJSON
import EventPattern
import HTTPServer
import Spool

/// A `routes.json` read and found right.
public struct Configuration: Sendable {
    /// The file's path.
    public var path = ""
    /// The file's bytes as they were read: placeholders for secrets are not filled in here.
    public var text: [UInt8] = []
    /// Where webhooks come in.
    public var listen = [ListenerSettings(.v4(0x7F00_0001, port: 8080))]
    /// The certificates that are shown to clients; empty for none.
    public var tls: [TLSFiles] = []
    /// How many event loops there are; `nil` for one a core.
    public var loops: Int?
    /// The operators' listener.
    public var admin: ListenAddress? = .v4(0x7F00_0001, port: 8081)
    /// What the operators' listener asks for.
    public var adminToken: String?
    /// The spool.
    public var spool = SpoolSettings(path: "spool")
    /// The cluster that keeps the events; `nil` if the spool's directory does.
    public var cluster: ClusterSettings?
    /// The limits of connections and requests.
    public var limits = ServerLimits()
    /// The longest body taken.
    public var bodyLimitBytes = 1 << 20
    /// The proxies whose word on where a request came from is taken.
    public var trustedProxies: [AddressBlock] = []
    /// Where spans go; `nil` for nowhere.
    public var traces: TraceSettings?
    /// How long a stop may take.
    public var shutdownTimeout: Duration = .seconds(25)
    /// The sources, in the file's order.
    public var sources: [SourceConfiguration] = []
    /// The targets, in the file's order. Their queues are not known before the spool is open.
    public var targets: [TargetSettings] = []
    /// The routes, in the file's order.
    public var routes: [RouteConfiguration] = []
    /// Targets, by place, for events that no route takes.
    public var unmatched: [Int] = []
    /// Targets, by name, that get failure records, where a target has none of its own.
    public var onFailure: [String] = []
    /// What the file says, to tell a later one from it.
    var outline = ConfigurationOutline()
}

/// A path that events arrive on. `sources.*` in `routes.json`.
public struct SourceConfiguration: Sendable {
    /// What a body must be.
    public enum Body: String, CaseIterable, Sendable {
        case json, form, any
    }

    /// What becomes of a request whose signature fails, beside the refusal.
    public enum OnInvalid: String, CaseIterable, Sendable {
        case reject, quarantine
    }

    /// Which envelope is checked.
    public enum Envelope: String, CaseIterable, Sendable {
        case voucherify = "voucherify-2024-01-01"
    }

    /// What makes an event a repetition.
    public struct Dedupe: Sendable {
        /// Where its key stands.
        public var key: EventPath
        /// For how long it counts.
        public var duration: Duration
    }

    /// Its name.
    public var name: String
    /// The path in the request line.
    public var path: String
    /// How its sender is authenticated.
    public var verify: VerifySettings?
    /// What a body must be.
    public var body = Body.json
    /// Which envelope is checked.
    public var envelope: Envelope?
    /// What makes an event a repetition.
    public var dedupe: Dedupe?
    /// What becomes of a request whose signature fails, beside the refusal.
    public var onInvalid = OnInvalid.reject
    /// Who may connect; empty for all.
    public var allowFrom: [AddressBlock] = []
    /// How many requests it takes.
    public var rate: RequestRate?
    /// What is answered instead of the 202.
    public var answer: FixedAnswer?
    /// The handshake by which its sender makes sure of it.
    public var challenge: Challenge?
}

/// A rule. `routes[]` in `routes.json`.
public struct RouteConfiguration: Sendable {
    /// Its name.
    public var name: String
    /// Its own switch.
    public var active = true
    /// The sources, by place; `nil` for all.
    public var from: [Int]?
    /// Which events; `nil` for every one.
    public var match: EventPattern?
    /// Targets, by place.
    public var to: [Int] = []
    /// Whether an event that it takes is not offered to later routes.
    public var final = false
}
