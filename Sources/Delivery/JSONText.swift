/// The text of a JSON string, its escapes decoded (RFC 8259 §7).
enum JSONText {
    /// The UTF-8 that a string's inside stands for; a lone surrogate becomes U+FFFD.
    static func decoded(_ inside: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(inside.count)
        var index = 0
        while index < inside.count {
            let byte = inside[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < inside.count else {
                out.append(byte)
                continue
            }
            let escape = inside[index]
            index += 1
            switch escape {
            case UInt8(ascii: "n"): out.append(0x0A)
            case UInt8(ascii: "r"): out.append(0x0D)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0C)
            case UInt8(ascii: "u"): append(codePoint(inside, &index), to: &out)
            default: out.append(escape)
            }
        }
        return out
    }

    private static func append(_ scalar: UInt32, to out: inout [UInt8]) {
        out += String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8
    }

    private static func codePoint(_ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32 {
        let first = unit(text, &index)
        guard (0xD800..<0xDC00).contains(first), index + 6 <= text.count, text[index] == UInt8(ascii: "\\"),
            text[index + 1] == UInt8(ascii: "u")
        else { return first }
        var next = index + 2
        let second = unit(text, &next)
        guard (0xDC00..<0xE000).contains(second) else { return first }
        index = next
        return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
    }

    private static func unit(_ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32 {
        guard index + 4 <= text.count,
            let value = UInt32(String(decoding: text[index..<(index + 4)], as: UTF8.self), radix: 16)
        else {
            index = min(index + 4, text.count)
            return 0xFFFD
        }
        index += 4
        return value
    }
}
