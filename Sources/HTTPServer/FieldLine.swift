/// One line of headers or trailers: a name, a colon, a value (RFC 9112 §5). No I/O.
enum FieldLine {
    /// Takes a line apart.
    /// - Throws: 400 for one that is folded, has no name, or holds a character that none may have.
    @inline(__always)
    static func parse(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) throws(Refusal) -> RequestHead.Field {
        let first = bytes[range.lowerBound]
        if first == 0x20 || first == 0x09 { throw .malformed("a header is folded over two lines") }
        guard let colon = ByteSearch.first(0x3A, in: bytes, range), colon > range.lowerBound else {
            throw .malformed("a header has no name or no colon")
        }
        for index in range.lowerBound..<colon where !bytes[index].isToken {
            throw .malformed("a header's name holds a character that none may have")
        }
        var value = (colon + 1)..<range.upperBound
        while let byte = value.first.map({ bytes[$0] }), byte == 0x20 || byte == 0x09 { value = value.dropFirst() }
        while let byte = value.last.map({ bytes[$0] }), byte == 0x20 || byte == 0x09 { value = value.dropLast() }
        guard !hasControls(bytes, value) else {
            throw .malformed("a header's value holds a control character")
        }
        return RequestHead.Field(name: range.lowerBound..<colon, value: value)
    }

    /// Whether a value holds a control character other than a tab. Eight bytes at a time are found free of them.
    private static func hasControls(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = value.lowerBound
        while index < value.upperBound {
            if index + 8 <= value.upperBound {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let delete = word ^ (ones &* 0x7F)
                let found = (((word &- (ones &* 0x20)) & ~word) | ((delete &- ones) & ~delete)) & highs
                if found == 0 {
                    index += 8
                    continue
                }
            }
            let byte = bytes[index]
            if (byte < 0x20 && byte != 0x09) || byte == 0x7F { return true }
            index += 1
        }
        return false
    }
}

extension UInt8 {
    /// Whether a name may hold this character (`tchar`, RFC 9110 §5.6.2).
    @inline(__always) var isToken: Bool {
        self < 0x80
            && (self < 0x40 ? UInt8.lowTokens >> UInt64(self) : UInt8.highTokens >> UInt64(self & 0x3F)) & 1 != 0
    }

    /// A bit for each of the characters 0x00 to 0x3F that is a `tchar`: ! # $ % & ' * + - . and the digits.
    private static let lowTokens: UInt64 = 0x03FF_6CFA_0000_0000
    /// The same for 0x40 to 0x7F: the letters, ^ _ ` | and ~.
    private static let highTokens: UInt64 = 0x57FF_FFFF_C7FF_FFFE
}
