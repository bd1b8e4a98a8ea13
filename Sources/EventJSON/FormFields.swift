/// The fields of a form or of a query, in order: `a=1&b=%20`, percent-encoding and `+` resolved (WHATWG URL, urlencoded
/// parsing, which nothing fails: what is no escape stands for itself).
public struct FormFields: Sequence, IteratorProtocol {
    private var rest: Substring

    /// The fields of a text.
    public init(_ text: String) { rest = text[...] }

    /// The fields of a body.
    public init(_ body: UnsafeRawBufferPointer) { self.init(String(decoding: body, as: UTF8.self)) }

    /// The next field, or `nil` behind the last.
    public mutating func next() -> (name: String, value: String)? {
        while !rest.isEmpty {
            let pair = rest.utf8.prefix { $0 != 0x26 }
            rest = rest[pair.endIndex...].dropFirst()
            guard !pair.isEmpty else { continue }
            let name = pair.prefix { $0 != 0x3D }
            return (FormFields.decode(name), FormFields.decode(pair[name.endIndex...].dropFirst()))
        }
        return nil
    }

    private static func decode(_ text: Substring.UTF8View) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            if byte == 0x25, rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.first != 0x2B
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == 0x2B ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
