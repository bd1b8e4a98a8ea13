/// The places a template is rendered into. In each, the template's own text stands as written, and a value can only fill
/// its place: it never ends it, leaves it or begins another one.
extension Template {
    /// The longest name that a value may make, in bytes: NAME_MAX on every Linux file system, less the time and number that
    /// a file set aside has in its name.
    public static let fileNameLimitBytes = 255 - 24

    /// As plain text: an order key, a column.
    public func renderText(_ values: some TemplateValues) -> [UInt8] {
        var out: [UInt8] = []
        for part in parts { out += bytes(of: part, values) }
        return out
    }

    /// In a URL's path or query: everything but unreserved characters is percent-encoded (RFC 3986 §2.3), `/` included.
    public func renderURL(_ values: some TemplateValues) -> [UInt8] {
        var out: [UInt8] = []
        for part in parts {
            if case .text(let text) = part {
                out += text
            } else {
                let value = bytes(of: part, values)
                // A value that is `.` or `..` alone would be a step in the path: its dots are encoded too.
                if value.allSatisfy({ $0 == UInt8(ascii: ".") }) {
                    for byte in value { PercentEncoding.append(byte, to: &out) }
                } else {
                    PercentEncoding.append(all: value, to: &out)
                }
            }
        }
        return out
    }

    /// In a header's value: control characters become spaces, so that a value adds neither line nor header (RFC 9110 §5.5).
    public func renderHeader(_ values: some TemplateValues) -> [UInt8] {
        renderText(values).map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }
    }

    /// In an argument or an environment variable: NUL, which neither can hold, becomes U+FFFD.
    public func renderArgument(_ values: some TemplateValues) -> [UInt8] {
        var out: [UInt8] = []
        for byte in renderText(values) {
            if byte == 0 { out += "\u{FFFD}".utf8 } else { out.append(byte) }
        }
        return out
    }

    /// As a file's path. `expand` is given the template's own text (never a value), for strftime.
    ///
    /// In a value `/` and control characters become `_`. A component that a value made begin with a dot, or empty, begins
    /// with `_` instead; one that is longer than a name may be is cut, its end kept, and told apart by a checksum.
    public func renderPath(_ values: some TemplateValues, expand: ([UInt8]) -> [UInt8]) -> [UInt8] {
        var components: [PathComponent] = [PathComponent()]
        for part in parts {
            if case .text(let text) = part {
                for byte in expand(text) {
                    if byte == UInt8(ascii: "/") {
                        components.append(PathComponent())
                    } else {
                        components[components.count - 1].add(byte)
                    }
                }
            } else {
                for byte in bytes(of: part, values) {
                    let unfit = byte == UInt8(ascii: "/") || byte < 0x20 || byte == 0x7F
                    components[components.count - 1].add(value: unfit ? UInt8(ascii: "_") : byte)
                }
                components[components.count - 1].hasValue = true
            }
        }
        return Array(
            components.map { $0.name(limitBytes: Template.fileNameLimitBytes) }.joined(separator: [UInt8(ascii: "/")]))
    }

    /// Checks that a URL's scheme, host and port hold no placeholder. Throws at the template's beginning otherwise.
    public func checkURL() throws(TemplateError) {
        let fixed: [UInt8] = if case .text(let text)? = parts.first { text } else { [] }
        let text = String(decoding: fixed, as: UTF8.self)
        guard let scheme = text.firstRange(of: "://") else {
            throw TemplateError("a URL begins with http:// or https://, without a placeholder in it", at: 0)
        }
        let rest = text[scheme.upperBound...]
        guard isConstant || rest.contains(where: { $0 == "/" || $0 == "?" }) else {
            throw TemplateError("no placeholder may stand in a URL's host or port", at: fixed.count)
        }
    }
}

/// One component of a path while it is put together.
private struct PathComponent {
    private var bytes: [UInt8] = []
    private var beginsWithValue = false
    var hasValue = false

    mutating func add(_ byte: UInt8) { bytes.append(byte) }

    mutating func add(value byte: UInt8) {
        if bytes.isEmpty { beginsWithValue = true }
        bytes.append(byte)
    }

    func name(limitBytes: Int) -> [UInt8] {
        guard hasValue else { return bytes }
        var name = bytes
        if name.isEmpty { name = [UInt8(ascii: "_")] }
        if beginsWithValue && name[0] == UInt8(ascii: ".") { name[0] = UInt8(ascii: "_") }
        // The template's own dots with an empty or dotted value behind them must not come to mean a directory above.
        if name.allSatisfy({ $0 == UInt8(ascii: ".") }) { name[0] = UInt8(ascii: "_") }
        guard name.count > limitBytes else { return name }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let mark = Array("~\(String(hash, radix: 16))~".utf8)
        // Whole characters are cut away: half of one would be no text.
        var tail = name.suffix(limitBytes / 4)
        while let byte = tail.first, byte & 0xC0 == 0x80 { tail.removeFirst() }
        var end = limitBytes - mark.count - tail.count
        while end > 0 && name[end] & 0xC0 == 0x80 { end -= 1 }
        return name[..<end] + mark + tail
    }
}
