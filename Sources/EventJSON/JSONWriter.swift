/// Writes one JSON text, compact, member by member, in the order of the calls.
public struct JSONWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty text.
    public init() {}

    /// Begins an object: the root, an element, or the value of the key just written.
    public mutating func beginObject() { open(0x7B) }
    /// Ends the object last begun.
    public mutating func endObject() { close(0x7D) }
    /// Begins an array: the root, an element, or the value of the key just written.
    public mutating func beginArray() { open(0x5B) }
    /// Ends the array last begun.
    public mutating func endArray() { close(0x5D) }

    /// Writes a key; its value is the next call.
    public mutating func key(_ name: String) {
        separate()
        JSONString.encode(name, into: &bytes)
        bytes.append(0x3A)
        needsComma = false
    }

    /// Writes a string, or null.
    public mutating func value(_ text: String?) {
        separate()
        if let text { JSONString.encode(text, into: &bytes) } else { bytes += Array("null".utf8) }
        needsComma = true
    }

    /// Writes a number.
    public mutating func value(_ number: some BinaryInteger) { raw(String(number).utf8) }

    /// Writes a number with three digits behind the point, which is enough for seconds.
    public mutating func value(_ number: Double) {
        guard number.isFinite, abs(number) < 1e15 else { return raw("null".utf8) }
        raw(String((number * 1000).rounded() / 1000).utf8)
    }

    /// Writes `true` or `false`.
    public mutating func value(_ flag: Bool) { raw((flag ? "true" : "false").utf8) }

    /// Writes a value that is JSON already.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// Writes a key and its value.
    public mutating func member(_ name: String, _ text: String?) {
        key(name)
        value(text)
    }

    /// Writes a key and its value.
    public mutating func member(_ name: String, _ number: some BinaryInteger) {
        key(name)
        value(number)
    }

    /// Writes a key and its value.
    public mutating func member(_ name: String, _ number: Double) {
        key(name)
        value(number)
    }

    /// Writes a key and its value.
    public mutating func member(_ name: String, _ flag: Bool) {
        key(name)
        value(flag)
    }

    /// Writes a key and an array of strings.
    public mutating func member(_ name: String, _ texts: some Sequence<String>) {
        key(name)
        beginArray()
        for text in texts { value(text) }
        endArray()
    }

    private mutating func separate() {
        if needsComma { bytes.append(0x2C) }
        needsComma = false
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }
}
