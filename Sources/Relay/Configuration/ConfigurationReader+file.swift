import Delivery
import EventJSON

/// Reads a target's `file`, and sees that no two targets write to one.
extension ConfigurationReader {
    func file(_ place: Place) -> TargetSettings.Kind? {
        var path: Template?
        var changes: [(inout FileTargetSettings) -> Void] = []
        object(
            place, required: ["path"],
            [
                (
                    "path",
                    { place in
                        guard let template = self.template(place) else { return }
                        if template.source.isEmpty || template.source.hasSuffix("/") {
                            return self.error("the path names no file", at: place.value.offset, place.path)
                        }
                        path =
                            template.source.hasPrefix("/")
                            ? template : template.replacing(start: "", by: self.absolute(""))
                    }
                ),
                ("rotate", { if let change = self.rotation($0) { changes.append(change) } }),
                (
                    "compress",
                    { place in
                        guard let text = self.string(place) else { return }
                        guard text == "gzip" else {
                            return self.error(
                                "\"\(text)\" is no way to compress", at: place.value.offset, place.path,
                                hint: "the one there is is \"gzip\"")
                        }
                        if place.path.isEmpty || self.sibling("rotate", of: place) == nil {
                            self.warning(
                                "nothing is set aside, so nothing is compressed", at: place.value.offset, place.path,
                                hint: "add \"rotate\": \"256MiB\" or \"1d\"")
                        }
                        changes.append { $0.compresses = true }
                    }
                ),
                (
                    "sync",
                    { place in
                        if let sync = self.fileSync(place) { changes.append { $0.sync = sync } }
                    }
                ),
                (
                    "mode",
                    { place in
                        guard let text = self.string(place) else { return }
                        guard let mode = UInt32(text, radix: 8), mode <= 0o777 else {
                            return self.error(
                                "\"\(text)\" is no file mode", at: place.value.offset, place.path,
                                hint: "write it like \"0640\"")
                        }
                        changes.append { $0.mode = mode }
                    }
                ),
            ])
        guard let path else { return nil }
        var settings = FileTargetSettings(path: path)
        for change in changes { change(&settings) }
        return .file(settings)
    }

    /// A key that stands beside this one in a target's `file`.
    private func sibling(_ key: String, of place: Place) -> JSONValue? {
        let parts = place.path.split(separator: ".")
        guard parts.count >= 4 else { return nil }
        let name = parts[1..<(parts.count - 2)].joined(separator: ".")
        return document.root[key: "targets"]?[key: name]?[key: "file"]?[key: key]
    }

    private func rotation(_ place: Place) -> ((inout FileTargetSettings) -> Void)? {
        if case .number = place.value.content {
            return size(place, 1...Int.max).map { bytes in { $0.rotateBytes = bytes } }
        }
        guard let text = string(place) else { return nil }
        if let bytes = Units.size(text), bytes >= 1 { return { $0.rotateBytes = bytes } }
        if let period = Units.duration(text), period >= .seconds(1) { return { $0.rotatePeriod = period } }
        error(
            "\"\(text)\" is no size, and no time of 1s or more", at: place.value.offset,
            place.path,
            hint: "write it like \"64KiB\", \"256MiB\" or \"1d\"")
        return nil
    }

    private func fileSync(_ place: Place) -> FileTargetSettings.Sync? {
        guard let text = string(place) else { return nil }
        switch text {
        case "always": return .always
        case "never": return .never
        default:
            if text.hasPrefix("interval:"), let interval = Units.duration(String(text.dropFirst(9))),
                interval >= .milliseconds(1)
            {
                return .interval(interval)
            }
            error(
                "\"\(text)\" is no way to sync", at: place.value.offset, place.path,
                hint: "write \"always\", \"interval:1s\" or \"never\"")
            return nil
        }
    }

    /// Refuses two targets on one file, and one among the daemon's own. Paths that meet only by a placeholder's value are told
    /// apart when they do: the second target's attempts fail then.
    func checkFiles(_ result: Configuration) {
        var seen: [String: String] = [:]
        let spool = ConfigurationReader.plain(result.spool.path)
        for member in document.root[key: "targets"]?.members ?? [] {
            guard let value = member.value[key: "file"]?[key: "path"], let text = value.string else { continue }
            let path = ConfigurationReader.plain(absolute(text))
            let place = "targets.\(member.key).file.path"
            if let other = seen[path] {
                error(
                    "the target \"\(other)\" writes to this file already", at: value.offset, place,
                    hint: "let routes name one target, or use another file")
            }
            if path.hasPrefix(spool + "/") {
                error(
                    "the spool's directory is the daemon's own", at: value.offset, place,
                    hint: "write to a directory beside \(spool)")
            }
            seen[path] = member.key
        }
    }

    /// A path without empty components, `.` and `..`.
    static func plain(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: true) where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
