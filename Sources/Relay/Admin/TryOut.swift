import CPlatform
import EventJSON
import Spool

/// An event to be tried on the routes, without being sent: the body of `POST /api/v1/match`.
///
///     {"body": "{\"type\": …}"}          a text, as it would be posted
///     {"event": 1042}                    one of the spool's
///     {"sample": "voucher.created"}      one of the catalogue's
///
/// `"source"` names the source that it would come by; without it, the event's own or the first one.
struct TryOut {
    private enum Content {
        case body([UInt8])
        case event(EventNumber)
        case sample(String)
    }

    private var content: Content
    private var source: String?

    private static let hint = "send {\"body\": \"…\"}, {\"event\": 1042} or {\"sample\": \"voucher.created\"}"

    init(_ bytes: [UInt8]) throws(Problem) {
        let root: JSONValue
        do throws(JSONSyntaxError) { root = try JSONDocument(bytes).root } catch {
            throw Problem(status: 400, detail: "the request is not JSON: \(error.message)", hint: TryOut.hint)
        }
        guard let members = root.members else {
            throw Problem(status: 400, detail: "the request is \(root.described), not an object", hint: TryOut.hint)
        }
        for member in members where !["body", "event", "sample", "source"].contains(member.key) {
            throw Problem(status: 400, detail: "there is no key \"\(member.key.prefix(40))\" here", hint: TryOut.hint)
        }
        if let value = root[key: "source"] {
            guard let name = value.string else {
                throw Problem(status: 400, detail: "`source` is \(value.described), not a name", hint: TryOut.hint)
            }
            source = name
        }
        let contents = ["body", "event", "sample"].compactMap { key in root[key: key].map { (key, $0) } }
        guard contents.count == 1, let (key, value) = contents.first else {
            throw Problem(status: 400, detail: "one of `body`, `event` and `sample` is to be named", hint: TryOut.hint)
        }
        switch (key, value.string, value.integer) {
        case ("body", let text?, _): content = .body(Array(text.utf8))
        case ("sample", let type?, _): content = .sample(type)
        case ("event", _, let number?) where number > 0: content = .event(EventNumber(rawValue: UInt64(number)))
        default: throw Problem(status: 400, detail: "`\(key)` can't be \(value.described) here", hint: TryOut.hint)
        }
    }

    /// Tries it on a configuration; `find` looks an event up.
    func report(
        on configuration: Configuration, find: (EventNumber) throws(Problem) -> EventReport
    ) throws(Problem) -> (source: String, report: RouteReport) {
        var name = source
        let body: [UInt8]
        switch content {
        case .body(let bytes): body = bytes
        case .sample(let type): body = try TryOut.sample(type)
        case .event(let number):
            let event = try find(number)
            name = name ?? event.attributes.source
            body = event.event.body
        }
        guard !configuration.sources.isEmpty else {
            throw Problem(status: 422, detail: "the configuration has no source", hint: "add one under `sources`")
        }
        let place = name.map { name in configuration.sources.firstIndex { $0.name == name } } ?? 0
        guard let place else {
            throw Problem(
                status: 422, detail: "there is no source \"\((name ?? "").prefix(64))\"",
                hint: "there are \(configuration.sources.map(\.name).prefix(12).joined(separator: ", "))")
        }
        var explainer = RouteExplainer(configuration)
        do throws(JSONSyntaxError) {
            return (configuration.sources[place].name, try explainer.report(on: body, from: place))
        } catch {
            let at = JSONDocument.location(of: error.offset, in: body)
            throw Problem(
                status: 422, detail: "the event is not JSON: \(error.message), in line \(at.line), column \(at.column)",
                hint: "an event is one JSON value in UTF-8 (RFC 8259)")
        }
    }

    /// A sample of the catalogue's.
    static func sample(_ type: String) throws(Problem) -> [UInt8] {
        guard Sample.types.contains(type) else {
            let near = Spelling.nearest(to: type, in: Sample.types)
            throw Problem(
                status: 404, detail: "the catalogue has no type \"\(type.prefix(100))\"",
                hint: near.map { "did you mean \"\($0)\"?" } ?? "see /api/v1/samples")
        }
        return Sample.body(type: type, now: hs_wall_ms())
    }
}
