@testable import EventJSON

/// An event's values as a test says them: paths with dots, and the relay's own.
struct ValuesUnderTest: TemplateValues {
    var fields: [String: TemplateValue]
    var relay: [RelayVariable: String] = [.event: "1042", .attempt: "3", .source: "shop", .receivedAt: "2026-01-01"]

    init(_ fields: [String: TemplateValue]) { self.fields = fields }

    /// Values that are strings.
    init(texts: [String: String]) { fields = texts.mapValues { .text(Array($0.utf8)) } }

    func value(at path: EventPath) -> TemplateValue? { fields[path.description] }

    func value(of variable: RelayVariable) -> String { relay[variable] ?? "" }
}
