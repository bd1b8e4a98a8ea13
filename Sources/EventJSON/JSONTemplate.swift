/// A JSON value whose strings are templates: `targets.*.body`.
///
/// A string that is one placeholder alone becomes the value itself, with its kind; inside text it is text.
public struct JSONTemplate: Sendable {
    private indirect enum Node: Sendable {
        case object([(key: String, value: Node)])
        case array([Node])
        case value(Placeholder)
        case text(Template)
        case raw([UInt8])
    }

    private let root: Node
    /// All placeholders in it.
    public let placeholders: [Placeholder]

    /// Reads a template from a document. The error's offset is the document's.
    public init(_ value: JSONValue) throws(TemplateError) {
        var placeholders: [Placeholder] = []
        root = try JSONTemplate.node(value, &placeholders)
        self.placeholders = placeholders
    }

    private static func node(_ value: JSONValue, _ placeholders: inout [Placeholder]) throws(TemplateError) -> Node {
        switch value.content {
        case .object(let members):
            var nodes: [(key: String, value: Node)] = []
            for member in members { nodes.append((member.key, try node(member.value, &placeholders))) }
            return .object(nodes)
        case .array(let elements):
            var nodes: [Node] = []
            for element in elements { nodes.append(try node(element, &placeholders)) }
            return .array(nodes)
        case .string(let text):
            let template: Template
            do throws(TemplateError) {
                template = try Template(parsing: text)
            } catch {
                throw TemplateError(message: error.message, offset: value.offset)
            }
            placeholders += template.placeholders
            if template.parts.count == 1, case .placeholder(let placeholder) = template.parts[0] {
                return .value(placeholder)
            }
            return .text(template)
        case .number(let text): return .raw(Array(text.utf8))
        case .bool(let flag): return .raw(Array((flag ? "true" : "false").utf8))
        case .null: return .raw(Array("null".utf8))
        }
    }

    /// The JSON text with the values of one delivery. A missing value without a default is null.
    public func render(_ values: some PlaceholderValues) -> [UInt8] {
        var writer = JSONWriter()
        JSONTemplate.write(root, values, to: &writer)
        return writer.bytes
    }

    private static func write(_ node: Node, _ values: some PlaceholderValues, to writer: inout JSONWriter) {
        switch node {
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(member.key)
                write(member.value, values, to: &writer)
            }
            writer.endObject()
        case .array(let elements):
            writer.beginArray()
            for element in elements { write(element, values, to: &writer) }
            writer.endArray()
        case .value(let placeholder):
            if let json = values.json(of: placeholder.source) {
                writer.raw(json)
            } else {
                writer.value(placeholder.fallback)
            }
        case .text(let template): writer.value(template.render(values, for: .text))
        case .raw(let json): writer.raw(json)
        }
    }
}
