/// A text with placeholders: `${data.voucher.code}`, `${path:default}`, `${@event}`.
public struct Template: Sendable, Equatable {
    enum Part: Sendable, Equatable {
        case text(String)
        case placeholder(Placeholder)
    }

    /// The text as written.
    public let source: String
    let parts: [Part]

    /// Reads a template.
    public init(parsing source: String) throws(TemplateError) {
        self.source = source
        var parts: [Part] = []
        var rest = source.utf8[...]
        while let dollar = Template.firstPlaceholder(in: rest) {
            if dollar > rest.startIndex { parts.append(.text(String(rest[rest.startIndex..<dollar])!)) }
            let offset = source.utf8.distance(from: source.utf8.startIndex, to: dollar)
            let inside = rest[dollar...].dropFirst(2)
            guard let close = inside.firstIndex(of: 0x7D) else {
                throw TemplateError(message: "a placeholder is not closed with `}`", offset: offset)
            }
            let text = String(inside[inside.startIndex..<close])!
            parts.append(.placeholder(try Template.placeholder(text, at: offset)))
            rest = rest[source.utf8.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest)!)) }
        self.parts = parts
    }

    private static func firstPlaceholder(in text: Substring.UTF8View) -> Substring.UTF8View.Index? {
        var index = text.startIndex
        while let dollar = text[index...].firstIndex(of: 0x24) {
            let next = text.index(after: dollar)
            if next < text.endIndex, text[next] == 0x7B { return dollar }
            index = next
        }
        return nil
    }

    private static func placeholder(_ text: String, at offset: Int) throws(TemplateError) -> Placeholder {
        var name = text[...]
        var fallback: String?
        if let colon = text.firstIndex(of: ":") {
            name = text[..<colon]
            fallback = String(text[text.index(after: colon)...])
        }
        guard !name.isEmpty else {
            throw TemplateError(message: "a placeholder needs a path: `${data.code}`", offset: offset)
        }
        guard name.first == "@" else {
            return Placeholder(source: .path(EventPath(String(name))), fallback: fallback)
        }
        guard let known = Placeholder.RelayValue(rawValue: String(name.dropFirst())) else {
            let names = Placeholder.RelayValue.allCases.map { "@" + $0.rawValue }.joined(separator: ", ")
            throw TemplateError(message: "there is no `\(name)`; there are \(names)", offset: offset)
        }
        return Placeholder(source: .relay(known), fallback: fallback)
    }

    /// Whether there is any placeholder.
    public var hasPlaceholders: Bool { !placeholders.isEmpty }

    /// The placeholders in order.
    public var placeholders: [Placeholder] {
        parts.compactMap { if case .placeholder(let placeholder) = $0 { placeholder } else { nil } }
    }

    /// The text before the first placeholder.
    public var fixedPrefix: String {
        if case .text(let text)? = parts.first { text } else { "" }
    }

    /// The text with the values of one delivery. A missing value without a default is empty.
    public func render(_ values: some PlaceholderValues, for context: TemplateContext) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .text(let fixed): text += fixed
            case .placeholder(let placeholder):
                let value = values.value(of: placeholder.source) ?? placeholder.fallback ?? ""
                text += context.harmless(value)
            }
        }
        return text
    }
}

extension TemplateContext {
    /// The longest component of a path that a value makes, in bytes.
    static let pathComponentLimitBytes = 100

    /// A value made fit for its place.
    func harmless(_ value: String) -> String {
        switch self {
        case .text: value
        case .url: TemplateContext.percentEncoded(value)
        case .header: String(String.UnicodeScalarView(value.unicodeScalars.filter { $0.value >= 0x20 && $0 != "\u{7F}" }))
        case .argument: String(String.UnicodeScalarView(value.unicodeScalars.filter { $0 != "\0" }))
        case .pathComponent: TemplateContext.component(value)
        }
    }

    private static func percentEncoded(_ value: String) -> String {
        let hex = Array("0123456789ABCDEF".unicodeScalars)
        var text = String.UnicodeScalarView()
        for byte in value.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: text.append(Unicode.Scalar(byte))
            default:
                text.append("%")
                text.append(hex[Int(byte >> 4)])
                text.append(hex[Int(byte & 15)])
            }
        }
        // A segment of dots alone would climb (RFC 3986 §5.2.4).
        let encoded = String(text)
        return encoded == "." || encoded == ".." ? encoded.replacingDots() : encoded
    }

    private static func component(_ value: String) -> String {
        var text = String.UnicodeScalarView()
        var length = 0
        for scalar in value.unicodeScalars {
            let isHarmful = scalar.value < 0x20 || scalar == "/" || scalar == "\u{7F}" || (length == 0 && scalar == ".")
            let written: Unicode.Scalar = isHarmful ? "_" : scalar
            length += UTF8.width(written)
            if length > pathComponentLimitBytes { break }
            text.append(written)
        }
        return text.isEmpty ? "_" : String(text)
    }
}

extension String {
    fileprivate func replacingDots() -> String { map { $0 == "." ? "%2E" : String($0) }.joined() }
}
