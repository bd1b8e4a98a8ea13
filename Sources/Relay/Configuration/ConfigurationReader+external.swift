import EventJSON

/// What a string may take from outside the file: `${env:NAME}`, `${file:PATH}`, `${credential:NAME}`.
extension ConfigurationReader {
    /// The longest file that a string may take, in bytes.
    private static let fileLimitBytes = 1 << 20

    /// A part of a string: as it stands in the file, or what one of these placeholders stands for, which is never read as a
    /// placeholder again.
    struct Piece {
        var text: String
        var isExternal: Bool
    }

    /// A string's pieces in order; `nil`, with an error, if it is no string or something that it takes is missing.
    func pieces(_ place: Place) -> [Piece]? {
        guard let text = place.value.string else {
            error("must be a string, not \(place.value.described)", at: place.value.offset, place.path)
            return nil
        }
        var pieces: [Piece] = []
        var own = ""
        var rest = text[...]
        var isComplete = true
        while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
            own += rest[..<start.lowerBound]
            if let value = external(rest[start.upperBound..<end], place) {
                if !own.isEmpty { pieces.append(Piece(text: own, isExternal: false)) }
                own = ""
                if let text = value.text { pieces.append(Piece(text: text, isExternal: true)) }
                isComplete = isComplete && value.text != nil
            } else {
                own += rest[start.lowerBound...end]
            }
            rest = rest[rest.index(after: end)...]
        }
        if let open = ["env", "file", "credential"].first(where: { rest.contains("${\($0):") }) {
            error(
                "`${\(open):` has no `}` behind it", at: place.value.offset, place.path,
                hint: "close it: ${\(open):NAME}")
            isComplete = false
        }
        own += rest
        if !own.isEmpty { pieces.append(Piece(text: own, isExternal: false)) }
        return isComplete ? pieces : nil
    }

    /// The value with what its strings take, objects' keys apart. One whose string lacks something, which is an error, keeps it as it
    /// is written.
    func taken(_ place: Place) -> JSONValue {
        var value = place.value
        switch value.content {
        case .string(let text):
            guard text.utf8.contains(0x24), let pieces = pieces(place) else { break }
            value.content = .string(pieces.map(\.text).joined())
        case .array(let elements):
            value.content = .array(
                elements.enumerated().map { taken(Place(value: $1, path: "\(place.path)[\($0)]")) })
        case .object(var members):
            for index in members.indices {
                let path = "\(place.path).\(members[index].key)"
                members[index].value = taken(Place(value: members[index].value, path: path))
            }
            value.content = .object(members)
        case .number, .bool, .null: break
        }
        return value
    }

    /// The text that a placeholder stands for: `nil` if it is none of these; without text if that is missing, which is an
    /// error.
    private func external(_ inside: Substring, _ place: Place) -> (text: String?, Void)? {
        guard let colon = inside.firstIndex(of: ":") else { return nil }
        let name = String(inside[inside.index(after: colon)...])
        switch inside[..<colon] {
        case "env": return (variable(name, place), ())
        case "file": return (content(of: absolute(name), place), ())
        case "credential": return (credential(name, place), ())
        default: return nil
        }
    }

    private func variable(_ name: String, _ place: Place) -> String? {
        if let value = environment(name) { return value }
        error(
            "the environment has no variable \(name)", at: place.value.offset, place.path,
            hint: "set it where hookswitch is started: \(name)=… hookswitch run")
        return nil
    }

    /// A file under the directory in which systemd passes a service its credentials.
    private func credential(_ name: String, _ place: Place) -> String? {
        guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
            error(
                "\"\(name)\" can't name a credential", at: place.value.offset, place.path,
                hint: "write the name that stands in LoadCredential= of the unit")
            return nil
        }
        guard let directory = environment("CREDENTIALS_DIRECTORY") else {
            error(
                "systemd passes no credentials: $CREDENTIALS_DIRECTORY is not set", at: place.value.offset, place.path,
                hint: "add LoadCredential=\(name):PATH to the unit, or use ${file:PATH}")
            return nil
        }
        return content(
            of: "\(directory)/\(name)", place, hint: "add LoadCredential=\(name):PATH to the unit")
    }

    /// A file's text without its last line feed.
    private func content(of path: String, _ place: Place, hint: String = "") -> String? {
        do throws(FileReadError) {
            var bytes = try FileContent.read(path, limitBytes: ConfigurationReader.fileLimitBytes)
            if bytes.last == 0x0A { bytes.removeLast() }
            if bytes.last == 0x0D { bytes.removeLast() }
            return String(decoding: bytes, as: UTF8.self)
        } catch {
            self.error(
                "the file \(path) can't be read: \(error.reason)", at: place.value.offset, place.path, hint: hint)
            return nil
        }
    }
}
