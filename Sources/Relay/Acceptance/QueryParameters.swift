/// The parameters of a query, in order: `a=1&b=%20`, percent-encoding and `+` resolved (WHATWG URL, urlencoded parsing).
struct QueryParameters: Sequence, IteratorProtocol {
    private var rest: Substring

    init(_ query: String) { rest = query[...] }

    mutating func next() -> (name: String, value: String)? {
        while !rest.isEmpty {
            let pair = rest.prefix { $0 != "&" }
            rest = rest.dropFirst(pair.count + 1)
            guard !pair.isEmpty else { continue }
            let name = pair.prefix { $0 != "=" }
            return (QueryParameters.decode(name), QueryParameters.decode(pair.dropFirst(name.count + 1)))
        }
        return nil
    }

    private static func decode(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
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
