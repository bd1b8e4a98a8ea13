import EventJSON
import HTTPServer

/// One request as a `SignedText` sees it: where each of its pieces comes from.
struct SignedTextSource {
    /// A piece's bytes. The body is not copied.
    enum Piece {
        case bytes([UInt8])
        case body
    }

    let head: RequestHead
    let body: UnsafeRawBufferPointer
    /// The signature's own header.
    let header: String
    let scheme: SignatureScheme
    let scanner: EventScanner
    let paths: PathSet

    /// Whether the body is a form (WHATWG URL, urlencoded).
    var isForm: Bool {
        guard let type = head.value(of: "content-type") else { return false }
        return FormBody.isForm(head.text(type))
    }

    /// A part's piece.
    func piece(_ part: SignedText.Part) throws(Verifier.Rejection) -> Piece {
        switch part {
        case .text(let text): return .bytes(Array(text.utf8))
        case .body: return .body
        case .header(let name): return .bytes(Array(head.bytes[try SignedTextSource.value(of: name, head)]))
        case .part(let name):
            let start = name + "="
            let found = SignedTextSource.parts(header, scheme.separator).filter { $0.hasPrefix(start) }
            guard found.count == 1, let value = found.first?.dropFirst(start.count), !value.isEmpty else {
                throw .init(
                    error: "\(scheme.header) has no `\(start)`, or more than one", hint: "send it as its sender does")
            }
            return .bytes(Array(value.utf8))
        case .url: return .bytes(Array(url.utf8))
        case .form: return .bytes(isForm ? FormBody.sortedFields(body) : [])
        case .value(let path):
            guard let index = paths.paths.firstIndex(of: path), let found = scanner.first(index),
                found.kind == .string || found.kind == .number, !found.hasEscapes
            else {
                throw .init(
                    error: "the body has no text or number at `\(path)`", hint: "this source's `verify` reads it")
            }
            return .bytes(Array(body[found.range]))
        }
    }

    /// The URL that the sender was given: as configured, or as the request says, with its query.
    private var url: String {
        let host = head.value(of: "host").map { head.text($0) } ?? ""
        let query = head.query.isEmpty ? "" : "?\(head.text(head.query))"
        return (scheme.url ?? "https://\(host)\(head.text(head.path))") + query
    }

    /// A header's parts: one, or those of a list, without the spaces around them.
    static func parts(_ header: String, _ separator: Character?) -> [Substring] {
        guard let separator = separator?.asciiValue else { return [header[...]] }
        // By bytes: a character may take the separator behind it into itself.
        return header.utf8.split(separator: separator).map { part in
            var part = Substring(part)
            while part.first == " " { part.removeFirst() }
            while part.last == " " { part.removeLast() }
            return part
        }
    }

    /// The value of a header that must be there once, and not empty.
    static func value(of name: String, _ head: RequestHead) throws(Verifier.Rejection) -> Range<Int> {
        var found: Range<Int>?
        for field in head.fields where head.isNamed(field.name, name) {
            guard found == nil else {
                throw .init(error: "the header \(name) stands there more than once", hint: "send it once")
            }
            found = field.value
        }
        guard let found, !found.isEmpty else {
            throw .init(
                error: found == nil ? "the header \(name) is missing" : "the header \(name) is empty",
                hint: "this source takes requests with it only")
        }
        return found
    }
}
