import EventJSON
import EventPattern
import Glibc

/// Walks a document's values and gathers what is wrong with them, so that all faults are found in one pass.
///
/// Used by one thread while a configuration is read.
final class ConfigurationReader {
    /// What a key's value is read with, in its place.
    struct Place {
        var value: JSONValue
        var path: String
    }

    let document: JSONDocument
    /// The directory that relative paths are relative to.
    let directory: String
    let environment: (String) -> String?
    private(set) var diagnostics: [Diagnostic] = []
    var patterns = PatternPool()
    /// What was found for each `type` that Voucherify doesn't send: thousands of routes may name the same one.
    private var nearestTypes: [String: String?] = [:]

    init(_ document: JSONDocument, directory: String, environment: @escaping (String) -> String?) {
        self.document = document
        self.directory = directory
        self.environment = environment
    }

    func error(_ message: String, at offset: Int, _ path: String, hint: String = "") {
        report(.error, message, at: offset, path, hint: hint)
    }

    func warning(_ message: String, at offset: Int, _ path: String, hint: String = "") {
        report(.warning, message, at: offset, path, hint: hint)
    }

    private func report(
        _ severity: Diagnostic.Severity, _ message: String, at offset: Int, _ path: String, hint: String
    ) {
        diagnostics.append(
            Diagnostic(
                severity: severity, location: document.location(of: offset), path: path, message: message, hint: hint))
    }

    /// The type of Voucherify's that one which it doesn't send probably stands for.
    func nearestType(to text: String) -> String? {
        if let known = nearestTypes[text] { return known }
        let near = Spelling.nearest(to: text, in: VoucherifyCatalogue.sortedTypes)
        nearestTypes[text] = .some(near)
        return near
    }

    /// Reads an object by its keys. An unknown key and one that must be there and is not are faults.
    func object(
        _ place: Place, required: [String] = [],
        _ keys: [(String, (Place) -> Void)]
    ) {
        guard let members = place.value.members else {
            return error("must be an object, not \(place.value.described)", at: place.value.offset, place.path)
        }
        for member in members {
            let path = place.path.isEmpty ? member.key : "\(place.path).\(member.key)"
            if let key = keys.first(where: { $0.0 == member.key }) {
                key.1(Place(value: member.value, path: path))
            } else if member.key == "description" {
                // A remark is for people: what it says of variables is not looked up.
                if member.value.string == nil {
                    error("must be a string, not \(member.value.described)", at: member.value.offset, path)
                }
            } else {
                let known = keys.map(\.0)
                let near = Spelling.nearest(to: member.key, in: known)
                error(
                    "unknown key `\(member.key)`", at: member.keyOffset, path,
                    hint: near.map { "did you mean `\($0)`?" }
                        ?? "keys here are \(keys.map(\.0).joined(separator: ", "))")
            }
        }
        for key in required where !members.contains(where: { $0.key == key }) {
            error("the key `\(key)` is missing", at: place.value.offset, place.path)
        }
    }

    /// Reads an object whose keys are names that the user gives.
    func named(_ place: Place, _ noun: String, _ read: (String, Place) -> Void) {
        guard let members = place.value.members else {
            return error("must be an object, not \(place.value.described)", at: place.value.offset, place.path)
        }
        for member in members where !ConfigurationReader.isRemark(member) {
            let path = "\(place.path).\(member.key)"
            if !ConfigurationReader.isName(member.key) {
                error(
                    "\"\(member.key)\" can't name a \(noun)", at: member.keyOffset, path,
                    hint: "names have 1 to 64 letters, digits, `-`, `_` or `.`")
            }
            read(member.key, Place(value: member.value, path: path))
        }
    }

    /// Whether a member among named things is a remark on them, and not one of them.
    static func isRemark(_ member: JSONValue.Member) -> Bool {
        member.key == "description" && member.value.string != nil
    }

    /// Whether a text can name a source, a target or a route: it stands in paths, commands and log lines.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64
            && text.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }

    func array(_ place: Place) -> [Place]? {
        guard let elements = place.value.array else {
            error("must be a list, not \(place.value.described)", at: place.value.offset, place.path)
            return nil
        }
        return elements.enumerated().map { Place(value: $1, path: "\(place.path)[\($0)]") }
    }

    /// A string, or a list of strings.
    func strings(_ place: Place) -> [(text: String, place: Place)] {
        if case .string = place.value.content { return string(place).map { [($0, place)] } ?? [] }
        guard place.value.array != nil else {
            error(
                "must be a string or a list of strings, not \(place.value.described)", at: place.value.offset,
                place.path)
            return []
        }
        return (array(place) ?? []).compactMap { element in string(element).map { ($0, element) } }
    }

    func bool(_ place: Place) -> Bool? {
        if case .bool(let flag) = place.value.content { return flag }
        error("must be true or false, not \(place.value.described)", at: place.value.offset, place.path)
        return nil
    }

    func integer(_ place: Place, _ range: ClosedRange<Int>) -> Int? {
        guard case .number = place.value.content else {
            error("must be a number, not \(place.value.described)", at: place.value.offset, place.path)
            return nil
        }
        guard let number = place.value.integer, range.contains(number) else {
            error(
                "must be a whole number from \(range.lowerBound) to \(range.upperBound)", at: place.value.offset,
                place.path)
            return nil
        }
        return number
    }

    func number(_ place: Place, _ range: ClosedRange<Double>) -> Double? {
        guard case .number(let text) = place.value.content, let number = Double(text), range.contains(number) else {
            error(
                "must be a number from \(range.lowerBound) to \(range.upperBound)", at: place.value.offset, place.path)
            return nil
        }
        return number
    }

    func duration(_ place: Place, atLeast: Duration = .zero) -> Duration? {
        guard let text = string(place) else { return nil }
        guard let duration = Units.duration(text), duration >= atLeast else {
            error(
                "\"\(text)\" is no duration that fits here", at: place.value.offset, place.path,
                hint: Units.durationHint)
            return nil
        }
        return duration
    }

    func size(_ place: Place, _ range: ClosedRange<Int>) -> Int? {
        if case .number = place.value.content { return integer(place, range) }
        guard let text = string(place) else { return nil }
        guard let size = Units.size(text) else {
            error("\"\(text)\" is no size", at: place.value.offset, place.path, hint: Units.sizeHint)
            return nil
        }
        guard range.contains(size) else {
            error("must be from \(range.lowerBound) to \(range.upperBound) bytes", at: place.value.offset, place.path)
            return nil
        }
        return size
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ place: Place, _ type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let text = string(place) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        error(
            "\"\(text)\" is not known here", at: place.value.offset, place.path,
            hint: Spelling.nearest(to: text, in: known).map { "did you mean \"\($0)\"?" }
                ?? "accepted are \(known.map { "\"\($0)\"" }.joined(separator: ", "))")
        return nil
    }

    /// A string, with `${env:NAME}`, `${file:PATH}` and `${credential:NAME}` replaced. Other placeholders stay.
    func string(_ place: Place) -> String? { pieces(place)?.map(\.text).joined() }

    /// A path, relative to the configuration's directory.
    func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : directory + "/" + path }

    /// A text with placeholders. What comes from outside the file holds none, whatever is in it.
    func template(_ place: Place) -> Template? {
        guard let pieces = pieces(place) else { return nil }
        do throws(TemplateError) {
            var templates: [Template] = []
            for piece in pieces {
                templates.append(
                    piece.isExternal ? Template(literal: piece.text) : try Template(parsing: piece.text))
            }
            return Template(joining: templates)
        } catch {
            self.error(error.message, at: place.value.offset, place.path)
            return nil
        }
    }
}
