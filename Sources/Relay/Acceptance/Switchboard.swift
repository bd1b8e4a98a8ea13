import CPlatform
import EventJSON
import EventPattern
import HTTPServer
import Spool

/// What one configuration makes of requests: its sources, its routes, and what is looked for in a body.
///
/// Immutable and shared by all event loops; a reload makes a new one, and each loop takes it up between two rounds. A class, so that
/// a request counts one reference to it and none to its parts.
final class Switchboard: Sendable {
    /// A source as requests meet it.
    final class Source: Sendable {
        let settings: SourceConfiguration
        /// The path as it stands in a request line.
        let path: [UInt8]
        /// Where the key that makes an event a repetition is looked for.
        let dedupe: Int?
        /// Headers that its `verify` reads and that go on to the targets, beside the ones known.
        let passedHeaders: [String]
        /// Counts its requests, if it has a rate.
        let rate: RateLimiter?
        /// A handshake that comes as a signed event.
        let handshake: Handshake?

        /// Whose handshakes come as signed events.
        enum Handshake { case slack, zoom }

        init(settings: SourceConfiguration, dedupe: Int?) {
            self.settings = settings
            path = Array(settings.path.utf8)
            self.dedupe = dedupe
            passedHeaders = PassedHeaders.names(besides: settings.verify)
            rate = settings.rate.map { RateLimiter($0, now: hs_monotonic_ns() / 1_000_000) }
            handshake = settings.challenge?.kind == .slack ? .slack : settings.verify?.name == "zoom" ? .zoom : nil
        }
    }

    let sources: [Source]
    let router: Router
    let matcher: PatternMatcher
    let columns: Columns
    let envelope: VoucherifyEnvelope
    /// Everything that is looked for in a body, by the matcher and beside it.
    let paths: PathSet
    let bodyLimitBytes: Int
    let proxies: TrustedProxies

    /// Makes a board of a configuration. `queues` are the targets' queues, in their order.
    init(_ configuration: Configuration, queues: [QueueID]) {
        var paths = PathSet()
        columns = Columns(adding: &paths)
        envelope = VoucherifyEnvelope(adding: &paths)
        sources = configuration.sources.map { source in
            Source(settings: source, dedupe: source.dedupe.map { paths.insert($0.key) })
        }
        let active = configuration.routes.filter(\.active)
        matcher = PatternMatcher(active.map(\.match), adding: &paths)
        router = Router(
            routes: active.map {
                Router.Route(name: $0.name, targets: $0.to, sources: $0.from.map(Set.init), final: $0.final)
            },
            targets: zip(configuration.targets, queues).map { Router.Destination(name: $0.name, queue: $1) },
            unmatched: configuration.unmatched)
        bodyLimitBytes = configuration.bodyLimitBytes
        proxies = TrustedProxies(blocks: configuration.trustedProxies)
        self.paths = paths
    }

    /// The source on a request's path, by its place in `sources`.
    func source(for head: RequestHead) -> Int? {
        sources.firstIndex { head.hasPath($0.path) }
    }
}
