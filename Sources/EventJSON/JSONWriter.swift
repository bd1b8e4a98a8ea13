import CPlatform

/// Writes JSON as bytes: an audit line, an API's answer. It puts the commas and escapes the strings.
///
/// ```swift
/// var line = JSONWriter()
/// line.object {
///     $0.member("delivery", "1042/crm")
///     $0.member("response") { $0.object { $0.member("status", 500) } }
/// }
/// ```
public struct JSONWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8]
    private var needsComma = false

    /// A writer that goes on behind `bytes`.
    public init(_ bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    /// What has been written, as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Empties the writer and keeps its memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    /// Ends a line of NDJSON; the next value begins a new one.
    public mutating func endLine() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    /// An object, its members written by `content`.
    public mutating func object(_ content: (inout JSONWriter) throws -> Void) rethrows {
        begin(UInt8(ascii: "{"))
        try content(&self)
        end(UInt8(ascii: "}"))
    }

    /// An array, its elements written by `content`.
    public mutating func array(_ content: (inout JSONWriter) throws -> Void) rethrows {
        begin(UInt8(ascii: "["))
        try content(&self)
        end(UInt8(ascii: "]"))
    }

    /// A string, escaped (RFC 8259 §7).
    public mutating func string(_ text: String) {
        append(text, isKey: false)
        needsComma = true
    }

    /// A string of UTF-8 bytes; what is not UTF-8 becomes U+FFFD.
    public mutating func string(utf8 text: [UInt8]) {
        string(String(decoding: text, as: UTF8.self))
    }

    /// A whole number.
    @inlinable public mutating func number(_ value: some BinaryInteger) {
        if let small = Int64(exactly: value) { number(small) } else { raw(String(value).utf8) }
    }

    /// A whole number.
    public mutating func number(_ value: Int64) {
        separate()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        JSONWriter.appendDigits(value.magnitude, to: &bytes)
    }

    /// A number; `null` if it is none (NaN, infinity).
    public mutating func number(_ value: Double) {
        separate()
        bytes.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
    }

    /// `true` or `false`.
    public mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// `null`.
    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// A value that is JSON already.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// A member whose value `value` writes, with exactly one call.
    public mutating func member(_ name: String, _ value: (inout JSONWriter) throws -> Void) rethrows {
        key(name)
        try value(&self)
    }

    /// A member that is a string; `null` for `nil`.
    public mutating func member(_ name: String, _ value: String?) {
        guard var value else {
            key(name)
            return null()
        }
        value.withUTF8 { member(name, utf8: $0) }
    }

    /// A member that is a string, given as valid UTF-8. Room is made once where nothing is to be escaped, as nearly always.
    public mutating func member(_ name: String, utf8 text: UnsafeBufferPointer<UInt8>) {
        let comma = needsComma
        needsComma = true
        var name = name
        name.withUTF8 { name in
            guard let nameBase = name.baseAddress, hs_is_plain(nameBase, name.count), let base = text.baseAddress,
                hs_is_plain(base, text.count)
            else {
                needsComma = comma
                append(name, isKey: true)
                needsComma = false
                append(text, isKey: false)
                return needsComma = true
            }
            bytes.append(addingCapacity: name.count + text.count + 6) { span in
                if comma { span.append(UInt8(ascii: ",")) }
                span.append(UInt8(ascii: "\""))
                span.append(copying: UnsafeRawBufferPointer(name))
                span.append(UInt8(ascii: "\""))
                span.append(UInt8(ascii: ":"))
                span.append(UInt8(ascii: "\""))
                span.append(copying: UnsafeRawBufferPointer(text))
                span.append(UInt8(ascii: "\""))
            }
        }
    }

    /// A member that is a whole number.
    @inlinable public mutating func member(_ name: String, _ value: some BinaryInteger) {
        member(name) { $0.number(value) }
    }

    /// A member that is a number.
    public mutating func member(_ name: String, _ value: Double) {
        key(name)
        number(value)
    }

    /// A member that is `true` or `false`.
    public mutating func member(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// A member that is an array of strings.
    public mutating func member(_ name: String, _ values: [String]) {
        key(name)
        array { for value in values { $0.string(value) } }
    }

    private mutating func key(_ name: String) {
        append(name, isKey: true)
        needsComma = false
    }

    /// A string with all that is around it. Room is made once where nothing is to be escaped, as nearly always.
    private mutating func append(_ text: String, isKey: Bool) {
        var text = text
        text.withUTF8 { append($0, isKey: isKey) }
    }

    private mutating func append(_ text: UnsafeBufferPointer<UInt8>, isKey: Bool) {
        let comma = needsComma
        guard let base = text.baseAddress, hs_is_plain(base, text.count) else {
            if comma { bytes.append(UInt8(ascii: ",")) }
            JSONWriter.appendString(text, to: &bytes)
            if isKey { bytes.append(UInt8(ascii: ":")) }
            return
        }
        bytes.append(addingCapacity: text.count + 4) { span in
            if comma { span.append(UInt8(ascii: ",")) }
            span.append(UInt8(ascii: "\""))
            span.append(copying: UnsafeRawBufferPointer(text))
            span.append(UInt8(ascii: "\""))
            if isKey { span.append(UInt8(ascii: ":")) }
        }
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    /// Appends a string of valid UTF-8 with its quotes: runs that need no escape are copied whole.
    static func appendString(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        appendEscaped(text, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    private static func appendDigits(_ value: UInt64, to bytes: inout [UInt8]) {
        var divisor: UInt64 = 1
        while value / divisor >= 10 { divisor *= 10 }
        // 2^64 has twenty digits.
        bytes.append(addingCapacity: 20) { span in
            while divisor > 0 {
                span.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
                divisor /= 10
            }
        }
    }

    /// Appends the inside of a string, without quotes. All control characters are escaped, those from U+0080 on too, which
    /// terminals obey: a line may be looked at with `tail`.
    static func appendEscaped(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        guard let base = text.baseAddress, !hs_is_plain(base, text.count) else {
            return bytes.append(contentsOf: text)
        }
        var start = 0
        for index in text.indices {
            let byte = text[index]
            if byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") && byte != 0x7F {
                guard byte == 0xC2, index + 1 < text.count, text[index + 1] < 0xA0 else { continue }
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(hexDigit(text[index + 1] >> 4))
                bytes.append(hexDigit(text[index + 1] & 15))
                start = index + 2
                continue
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
            start = index + 1
            bytes.append(UInt8(ascii: "\\"))
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
            case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
            case UInt8(ascii: "\r"): bytes.append(UInt8(ascii: "r"))
            case UInt8(ascii: "\t"): bytes.append(UInt8(ascii: "t"))
            default:
                bytes.append(contentsOf: "u00".utf8)
                bytes.append(hexDigit(byte >> 4))
                bytes.append(hexDigit(byte & 15))
            }
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<text.count]))
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

extension OutputSpan<UInt8> {
    /// Appends bytes in one piece; there must be room for them.
    @inlinable @inline(__always) public mutating func append(copying content: UnsafeRawBufferPointer) {
        guard let from = content.baseAddress, content.count <= freeCapacity else {
            return precondition(content.isEmpty, "no room for what is appended")
        }
        withUnsafeMutableBufferPointer { buffer, count in
            UnsafeMutableRawPointer(buffer.baseAddress.unsafelyUnwrapped + count)
                .copyMemory(from: from, byteCount: content.count)
            count += content.count
        }
    }
}
