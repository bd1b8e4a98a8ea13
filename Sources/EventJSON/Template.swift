/// A text with placeholders: `${data.voucher.code}`, `${path:default}`, `${@event}`.
///
/// A placeholder without value and without default is empty text. Which bytes of a value may stand where it goes is
/// decided by the `render` that is used: see `Template+places.swift`.
public struct Template: Sendable {
    /// A piece of a template.
    enum Part: Sendable {
        case text([UInt8])
        case path(EventPath, default: [UInt8]?)
        case relay(RelayVariable)
    }

    /// The text as written.
    public let source: String
    /// Its pieces in order; neighbouring texts are one.
    let parts: [Part]

    /// Reads a template. Throws where a placeholder is not closed, empty, or an unknown `@name`.
    public init(parsing source: String) throws(TemplateError) {
        self.source = source
        parts = try Template.parts(of: Array(source.utf8))
    }

    /// A text that stands for itself, whatever is in it.
    public init(literal text: String) {
        source = text
        parts = text.isEmpty ? [] : [.text(Array(text.utf8))]
    }

    /// One text made of several, in order.
    public init(joining pieces: [Template]) {
        source = pieces.map(\.source).joined()
        var parts: [Part] = []
        for part in pieces.flatMap(\.parts) {
            if case .text(let more) = part, case .text(let text)? = parts.last {
                parts[parts.count - 1] = .text(text + more)
            } else {
                parts.append(part)
            }
        }
        self.parts = parts
    }

    /// The template with a text in place of its beginning, which must stand before its first placeholder: `nil` otherwise.
    public func replacing(start: String, by text: String) -> Template? {
        let fixed: [UInt8] = if case .text(let bytes)? = parts.first { bytes } else { [] }
        guard fixed.starts(with: start.utf8) else { return nil }
        var rest = parts
        if !start.isEmpty {
            rest.removeFirst()
            let behind = Array(fixed.dropFirst(start.utf8.count))
            if !behind.isEmpty { rest.insert(.text(behind), at: 0) }
        }
        let source = String(decoding: source.utf8.dropFirst(start.utf8.count), as: UTF8.self)
        return Template(joining: [Template(literal: text), Template(source: source, parts: rest)])
    }

    private init(source: String, parts: [Part]) {
        self.source = source
        self.parts = parts
    }

    /// Whether there is no placeholder.
    public var isConstant: Bool {
        parts.allSatisfy { if case .text = $0 { true } else { false } }
    }

    /// The body's paths that are needed to render it.
    public var paths: [EventPath] {
        parts.compactMap { if case .path(let path, _) = $0 { path } else { nil } }
    }

    /// Whether it mentions `${@attempt}`, which differs from one attempt to the next.
    public var mentionsAttempt: Bool {
        parts.contains { if case .relay(.attempt) = $0 { true } else { false } }
    }

    /// The value of a part's placeholder in text; a text part's own bytes.
    func bytes(of part: Part, _ values: some TemplateValues) -> [UInt8] {
        switch part {
        case .text(let text): text
        case .path(let path, let fallback): values.value(at: path)?.inText ?? fallback ?? []
        case .relay(let variable): Array(values.value(of: variable).utf8)
        }
    }

    private static func parts(of bytes: [UInt8]) throws(TemplateError) -> [Part] {
        var parts: [Part] = []
        var text: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "$"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "{")
            else {
                text.append(bytes[index])
                index += 1
                continue
            }
            guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
                throw TemplateError("placeholder without closing }", at: index)
            }
            if !text.isEmpty { parts.append(.text(text)) }
            text = []
            parts.append(try placeholder(String(decoding: bytes[(index + 2)..<end], as: UTF8.self), at: index))
            index = end + 1
        }
        if !text.isEmpty { parts.append(.text(text)) }
        return parts
    }

    private static func placeholder(_ inside: String, at offset: Int) throws(TemplateError) -> Part {
        let halves = inside.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(halves[0])
        if name.hasPrefix("@") {
            guard let variable = RelayVariable(rawValue: String(name.dropFirst())) else {
                let known = RelayVariable.allCases.map { "@" + $0.rawValue }.joined(separator: ", ")
                throw TemplateError("unknown placeholder ${\(name)}: there are \(known)", at: offset)
            }
            if halves.count > 1 {
                throw TemplateError("${\(name)} always has a value: no default is needed", at: offset)
            }
            return .relay(variable)
        }
        let path = EventPath(name)
        if path.keys.contains(where: \.isEmpty) {
            throw TemplateError(
                name.isEmpty ? "placeholder without a path" : "the path \(name) has an empty key", at: offset)
        }
        return .path(path, default: halves.count > 1 ? Array(halves[1].utf8) : nil)
    }
}
