import EventJSON

/// What a signature is made over: `${@headers.x-time}.${@body}`. Read once, then only followed.
public struct SignedText: Sendable, Equatable {
    /// A piece of it.
    enum Part: Sendable, Equatable {
        case text(String)
        /// `${@headers.NAME}`
        case header(String)
        /// `${@part.NAME}`: what stands behind `NAME=` in the signature's own header, where that is a list.
        case part(String)
        /// `${@body}`
        case body
        /// `${@url}`: the URL that the sender was given, with the query.
        case url
        /// `${@form}`: the fields of a form, sorted, each name with its value behind it; of any other body nothing.
        case form
        /// `${path}`: a value of the body.
        case value(EventPath)
    }

    /// Why a text can't be followed.
    struct Fault: Error {
        var message: String
        var hint: String
    }

    /// The body alone.
    public static let body = SignedText(parts: [.body])

    let parts: [Part]

    private init(parts: [Part]) { self.parts = parts }

    /// Whether a request's head is enough to make it.
    var isOfHead: Bool {
        parts.allSatisfy {
            switch $0 {
            case .text, .header, .part, .url: true
            case .body, .form, .value: false
            }
        }
    }

    /// A text that stands for itself, whatever is in it.
    init(literal text: String) { parts = text.isEmpty ? [] : [.text(text)] }

    /// One text made of several, in order.
    init(joining pieces: [SignedText]) { parts = pieces.flatMap(\.parts) }

    /// Reads a text with placeholders.
    init(parsing text: String) throws(Fault) {
        var parts: [Part] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw Fault(message: "a placeholder has no closing }", hint: "write it like ${@body}")
            }
            if start.lowerBound > rest.startIndex { parts.append(.text(String(rest[..<start.lowerBound]))) }
            parts.append(try SignedText.placeholder(String(rest[start.upperBound..<end])))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    /// The value of one header.
    init(header: String) { parts = [.header(header)] }

    /// Whether the body is signed, or the form that it is.
    var coversBody: Bool { parts.contains(.body) || parts.contains(.form) }

    /// Whether the whole body is signed, whatever it is.
    var coversAnyBody: Bool { parts.contains(.body) }

    /// The headers that it mentions.
    var headers: [String] { parts.compactMap { if case .header(let name) = $0 { name } else { nil } } }

    /// The body's paths that it mentions.
    var paths: [EventPath] { parts.compactMap { if case .value(let path) = $0 { path } else { nil } } }

    private static func placeholder(_ inside: String) throws(Fault) -> Part {
        switch inside {
        case "@body": return .body
        case "@url": return .url
        case "@form": return .form
        default: break
        }
        for (start, make) in [("@headers.", Part.header), ("@part.", Part.part)] where inside.hasPrefix(start) {
            let name = String(inside.dropFirst(start.count))
            guard !name.isEmpty else { break }
            return make(start == "@headers." ? name.lowercased() : name)
        }
        guard !inside.hasPrefix("@"), !inside.isEmpty, !EventPath(inside).keys.contains(where: \.isEmpty) else {
            throw Fault(
                message: "unknown placeholder ${\(inside)}",
                hint: "there are ${@body}, ${@headers.NAME}, ${@part.NAME}, ${@url}, ${@form} and ${path.in.the.body}")
        }
        return .value(EventPath(inside))
    }
}
