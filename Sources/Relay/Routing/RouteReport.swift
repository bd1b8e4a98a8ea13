import EventJSON
import EventPattern
import Spool

/// Which routes and targets take an event, and for each route that doesn't, why not: what `hookswitch match` shows.
public struct RouteReport: Sendable {
    /// A route that does not take the event.
    public struct Rejection: Sendable, Equatable {
        /// The route's name.
        public var route: String
        /// The first thing that fails, with the value that it met.
        public var because: String
    }

    /// The routes that take it, in order.
    public var routes: [String]
    /// The targets it goes to, each once.
    public var targets: [String]
    /// The routes that don't, in order.
    public var not: [Rejection]
    /// Why the source would refuse it, whatever the routes say; empty if it would not.
    public var refused: [String]
}

/// Explains what a configuration makes of events. Owned by one thread.
public struct RouteExplainer {
    private let configuration: Configuration
    private let paths: PathSet
    private let envelope: VoucherifyEnvelope
    private var scanner: EventScanner

    /// An explainer for a configuration.
    public init(_ configuration: Configuration) {
        self.configuration = configuration
        var paths = PathSet()
        envelope = VoucherifyEnvelope(adding: &paths)
        for route in configuration.routes {
            for key in route.match?.keys ?? [] {
                if let path = key.bodyPath { _ = paths.insert(path) }
            }
        }
        self.paths = paths
        scanner = EventScanner(paths)
    }

    /// What becomes of a body that came by a source (by place in the configuration).
    public mutating func report(on body: [UInt8], from source: Int) throws(JSONSyntaxError) -> RouteReport {
        // A form is looked at as the door does; an object stands for the form that it is made of.
        let isForm = configuration.sources[source].body == .form && body.first != UInt8(ascii: "{")
        let body = isForm ? body.withUnsafeBytes(FormBody.json) ?? body : body
        var fault: JSONSyntaxError?
        var report = RouteReport(routes: [], targets: [], not: [], refused: [])
        body.withUnsafeBytes { bytes in
            do throws(JSONSyntaxError) { try scanner.scan(bytes) } catch {
                fault = error
                return
            }
            fill(&report, bytes, source)
        }
        if let fault { throw fault }
        return report
    }

    private func fill(_ report: inout RouteReport, _ body: UnsafeRawBufferPointer, _ source: Int) {
        let settings = configuration.sources[source]
        if settings.envelope != nil {
            switch envelope.check(scanner) {
            case .formerVersion: report.refused = ["it is a webhook of the former version v2018-08-01"]
            case .faults(let faults): report.refused = faults
            case nil: break
            }
        }
        var taken: [Int] = []
        var end: String?
        let keys = configuration.routes.reduce(into: Set<FieldKey>()) { $0.formUnion($1.match?.keys ?? []) }
        let event = EventFields(
            scanner, paths: paths, in: body, keys: keys, of: GivenSource(name: settings.name, path: settings.path))
        for route in configuration.routes {
            if let because = rejection(of: route, event, source, after: end) {
                report.not.append(.init(route: route.name, because: because))
                continue
            }
            report.routes.append(route.name)
            for target in route.to where !taken.contains(target) { taken.append(target) }
            if route.final { end = route.name }
        }
        if report.routes.isEmpty { taken = configuration.unmatched }
        report.targets = taken.map { configuration.targets[$0].name }
    }

    private func rejection(
        of route: RouteConfiguration, _ event: EventFields, _ source: Int, after end: String?
    ) -> String? {
        guard route.active else { return "the route is not active" }
        if let from = route.from, !from.contains(source) {
            let names = from.map { configuration.sources[$0].name }.joined(separator: ", ")
            return "the event comes from \(configuration.sources[source].name); the route takes events from \(names)"
        }
        if let pattern = route.match, let explanation = Explanation(pattern, event) {
            return explanation.because
        }
        return end.map { "the route \($0) before it took the event and is final" }
    }
}

/// What is known of a request that was never sent: the source it would come by.
private struct GivenSource: RequestFields {
    var name: String
    var path: String

    func texts(at key: FieldKey, _ take: (UnsafeRawBufferPointer) -> Void) {
        switch key {
        case .source: Array(name.utf8).withUnsafeBytes(take)
        case .path: Array(path.utf8).withUnsafeBytes(take)
        default: break
        }
    }
}
