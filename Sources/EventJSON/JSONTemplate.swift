/// A JSON value whose strings are templates: `targets.*.body`. A string that is one placeholder alone becomes the value
/// itself, with its type; inside text a value is text.
public struct JSONTemplate: Sendable {
    /// A piece of the value.
    public indirect enum Node: Sendable {
        /// An object, its members in order.
        case object([(key: String, value: Node)])
        /// An array.
        case array([Node])
        /// A string with or without placeholders.
        case template(Template)
        /// A number, `true`, `false` or `null`, as written.
        case literal([UInt8])
    }

    /// The value.
    public let root: Node

    /// A template by its pieces.
    public init(_ root: Node) {
        self.root = root
    }

    /// The body's paths that are needed to render it.
    public var paths: [EventPath] { JSONTemplate.paths(of: root) }

    /// The JSON for one delivery, in UTF-8. A placeholder that stands alone and has no value and no default is `null`.
    public func render(_ values: some TemplateValues) -> [UInt8] {
        var writer = JSONWriter()
        write(root, values, to: &writer)
        return writer.bytes
    }

    /// The fields of a form for one delivery (`application/x-www-form-urlencoded`): one for each member, a text bare and
    /// anything else as JSON. A root that is no object makes none.
    public func renderForm(_ values: some TemplateValues) -> [UInt8] {
        guard case .object(let members) = root else { return [] }
        var out: [UInt8] = []
        for member in members {
            if !out.isEmpty { out.append(UInt8(ascii: "&")) }
            PercentEncoding.append(all: member.key.utf8, to: &out)
            out.append(UInt8(ascii: "="))
            if case .template(let template) = member.value {
                PercentEncoding.append(all: template.renderText(values), to: &out)
            } else {
                PercentEncoding.append(all: JSONTemplate(member.value).render(values), to: &out)
            }
        }
        return out
    }

    /// Whether the value is an object, of which a form can be made.
    public var isObject: Bool { if case .object = root { true } else { false } }

    private func write(_ node: Node, _ values: some TemplateValues, to writer: inout JSONWriter) {
        switch node {
        case .object(let members):
            writer.object {
                for member in members { $0.member(member.key) { write(member.value, values, to: &$0) } }
            }
        case .array(let elements):
            writer.array { for element in elements { write(element, values, to: &$0) } }
        case .literal(let json): writer.raw(json)
        case .template(let template):
            guard template.parts.count == 1 else { return writer.string(utf8: template.renderText(values)) }
            switch template.parts[0] {
            case .text(let text): writer.string(utf8: text)
            case .relay(let variable):
                let value = values.value(of: variable)
                if variable.isNumber { writer.raw(value.utf8) } else { writer.string(value) }
            case .path(let path, let fallback):
                switch values.value(at: path) {
                case .text(let text)?: writer.string(utf8: text)
                case .json(let json)?: writer.raw(json)
                case nil: if let fallback { writer.string(utf8: fallback) } else { writer.null() }
                }
            }
        }
    }

    private static func paths(of node: Node) -> [EventPath] {
        switch node {
        case .object(let members): members.flatMap { paths(of: $0.value) }
        case .array(let elements): elements.flatMap { paths(of: $0) }
        case .template(let template): template.paths
        case .literal: []
        }
    }
}
