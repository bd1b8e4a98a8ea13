/// The text of a JSON string.
public enum JSONString {
    /// Decodes the bytes between the quotes of a valid JSON string. `nil` if an escape names half a surrogate pair, which is no text.
    public static func decode(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.contains(0x5C) else { return String(decoding: bytes, as: UTF8.self) }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var i = 0
        while i < bytes.count {
            guard bytes[i] == 0x5C, i + 1 < bytes.count else {
                text.append(bytes[i])
                i += 1
                continue
            }
            let c = bytes[i + 1]
            i += 2
            switch c {
            case 0x62: text.append(0x08)
            case 0x66: text.append(0x0C)
            case 0x6E: text.append(0x0A)
            case 0x72: text.append(0x0D)
            case 0x74: text.append(0x09)
            case 0x75:
                guard let unit = codeUnit(bytes, at: i) else { return nil }
                i += 4
                var value = UInt32(unit)
                if unit & 0xFC00 == 0xD800 {
                    guard i + 1 < bytes.count, bytes[i] == 0x5C, bytes[i + 1] == 0x75,
                        let low = codeUnit(bytes, at: i + 2), low & 0xFC00 == 0xDC00
                    else { return nil }
                    value = 0x10000 + (UInt32(unit & 0x3FF) << 10) + UInt32(low & 0x3FF)
                    i += 6
                }
                guard let scalar = Unicode.Scalar(value) else { return nil }
                text.append(contentsOf: UTF8.encode(scalar)!)
            default: text.append(c)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func codeUnit(_ bytes: UnsafeRawBufferPointer, at start: Int) -> UInt16? {
        guard start + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for byte in bytes[start..<(start + 4)] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
