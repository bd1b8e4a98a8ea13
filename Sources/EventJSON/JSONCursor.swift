import CPlatform

// Unsafe: the innermost loop over an untrusted body. Every read is bounded by `count` here, so that nothing above touches a pointer.

/// A place in a JSON text, and the grammar of RFC 8259 from there on: strict, in one pass, without copying.
///
/// Strings must be UTF-8. A lone surrogate written as an escape is allowed by the grammar and passed over.
struct JSONCursor {
    private let base: UnsafePointer<UInt8>
    let count: Int
    /// The next byte to read.
    private(set) var offset = 0
    /// Whether white space was passed over.
    private(set) var hasSpace = false

    /// Deeper nesting than this is refused, so that no sender's body can exhaust the stack.
    static let maximumDepth = 512

    /// The bytes must stay in place as long as the cursor is used.
    init(_ bytes: UnsafeRawBufferPointer) {
        // An empty buffer has no address; no byte of this one is ever read, since `count` is 0.
        base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(bitPattern: 1)!
        count = bytes.count
    }

    var isAtEnd: Bool { offset >= count }

    /// The next byte, or 0 at the end.
    @inline(__always) var byte: UInt8 { offset < count ? base[offset] : 0 }

    @inline(__always) mutating func step() { offset += 1 }

    @inline(__always) mutating func skipWhiteSpace() {
        while offset < count {
            let c = base[offset]
            if c > 0x20 || (c != 0x20 && c != 0x0A && c != 0x0D && c != 0x09) { return }
            hasSpace = true
            offset += 1
        }
    }

    /// Takes a byte that must come.
    @inline(__always) mutating func expect(_ wanted: UInt8, _ message: @autoclosure () -> String)
        throws(JSONSyntaxError)
    {
        guard offset < count, base[offset] == wanted else { throw fault(message()) }
        offset += 1
    }

    func fault(_ message: String) -> JSONSyntaxError {
        isAtEnd ? JSONSyntaxError("the text ends too early", at: count) : JSONSyntaxError(message, at: offset)
    }

    /// The first eight bytes of a range, the rest zero.
    @inline(__always) func start(of range: Range<Int>) -> UInt64 {
        if range.lowerBound &+ 8 <= count {
            let word = UnsafeRawPointer(base + range.lowerBound).loadUnaligned(as: UInt64.self)
            let length = UInt64(truncatingIfNeeded: range.upperBound &- range.lowerBound)
            return length >= 8 ? word : word & ((1 &<< (8 &* length)) &- 1)
        }
        var word: UInt64 = 0
        for (place, index) in range.prefix(8).enumerated() { word |= UInt64(base[index]) << UInt64(8 * place) }
        return word
    }

    /// Whether a dot stands in a range whose first eight bytes are these. Eight are looked at together: a byte that equals the dot
    /// becomes zero, from which alone the subtraction borrows.
    @inline(__always) func hasDot(_ range: Range<Int>, start: UInt64) -> Bool {
        var word = start
        var offset = range.lowerBound
        while true {
            let zeros = word ^ 0x2E2E_2E2E_2E2E_2E2E
            if (zeros &- 0x0101_0101_0101_0101) & ~zeros & 0x8080_8080_8080_8080 != 0 { return true }
            offset &+= 8
            if offset >= range.upperBound { return false }
            word = self.start(of: offset..<range.upperBound)
        }
    }

    /// The bytes of a range.
    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// Takes a string, the opening quote first. Answers the bytes between the quotes, and whether there are escapes.
    @inline(__always) mutating func string() throws(JSONSyntaxError) -> (range: Range<Int>, hasEscapes: Bool) {
        // Most are short, and have nothing but what is plain: the place of their end is found at once.
        let start = offset + 1
        if start + 32 <= count {
            var plain = Int(hs_plain16(base + start))
            if plain == 16 { plain += Int(hs_plain16(base + start + 16)) }
            if plain < 32 && base[start + plain] == 0x22 {
                offset = start + plain + 1
                return (start..<(start + plain), false)
            }
        }
        return try longString()
    }

    private mutating func longString() throws(JSONSyntaxError) -> (range: Range<Int>, hasEscapes: Bool) {
        offset += 1
        let start = offset
        var hasEscapes = false
        while true {
            skipPlain()
            guard offset < count else { throw JSONSyntaxError("a string is not closed", at: start - 1) }
            let c = base[offset]
            if c == 0x22 {
                offset += 1
                return (start..<(offset - 1), hasEscapes)
            }
            if c == 0x5C {
                hasEscapes = true
                try escape()
            } else if c < 0x20 {
                throw fault("a control character in a string must be escaped")
            } else {
                try multibyte()
            }
        }
    }

    /// Passes over printable ASCII but quote and backslash, sixty-four and then sixteen bytes at a time.
    @inline(__always) private mutating func skipPlain() {
        while offset + 64 <= count && hs_is_plain64(base + offset) { offset += 64 }
        while offset + 16 <= count {
            let plain = Int(hs_plain16(base + offset))
            offset += plain
            if plain < 16 { return }
        }
        while offset < count {
            let c = base[offset]
            if c == 0x22 || c == 0x5C || c < 0x20 || c >= 0x80 { return }
            offset += 1
        }
    }

    private mutating func escape() throws(JSONSyntaxError) {
        offset += 1
        switch byte {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74: offset += 1
        case 0x75:
            for _ in 0..<4 {
                offset += 1
                switch byte {
                case 0x30...0x39, 0x41...0x46, 0x61...0x66: continue
                default: throw fault("\\u must be followed by four hexadecimal digits")
                }
            }
            offset += 1
        default: throw fault("no such escape in a string")
        }
    }

    /// One character of two to four bytes (RFC 3629 §4).
    private mutating func multibyte() throws(JSONSyntaxError) {
        let first = base[offset]
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, low) = (3, 0xA0)
        case 0xED: (length, high) = (3, 0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, low) = (4, 0x90)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, high) = (4, 0x8F)
        default: throw fault("not UTF-8")
        }
        guard offset + length <= count else { throw fault("not UTF-8") }
        guard base[offset + 1] >= low, base[offset + 1] <= high else { throw fault("not UTF-8") }
        for i in 2..<max(2, length) where base[offset + i] & 0xC0 != 0x80 { throw fault("not UTF-8") }
        offset += length
    }

    /// Takes a number (RFC 8259 §6).
    mutating func number() throws(JSONSyntaxError) -> Range<Int> {
        let start = offset
        if byte == 0x2D { offset += 1 }
        if byte == 0x30 {
            offset += 1
        } else {
            try digits("a number needs a digit here")
        }
        if byte == 0x2E {
            offset += 1
            try digits("a number needs a digit behind its point")
        }
        if byte | 0x20 == 0x65 {
            offset += 1
            if byte == 0x2B || byte == 0x2D { offset += 1 }
            try digits("a number needs a digit in its exponent")
        }
        return start..<offset
    }

    @inline(__always) private mutating func digits(_ message: @autoclosure () -> String) throws(JSONSyntaxError) {
        let start = offset
        while offset < count, base[offset] &- 0x30 < 10 { offset += 1 }
        if offset == start { throw fault(message()) }
    }

    /// Takes `true`, `false` or `null`.
    mutating func literal() throws(JSONSyntaxError) -> ValueKind {
        switch byte {
        case 0x74:
            try word("true", 0x6575_7274)
            return .true
        case 0x66:
            try word("false", 0x736C_6166)
            return .false
        case 0x6E:
            try word("null", 0x6C6C_756E)
            return .null
        default: throw fault("a value was expected")
        }
    }

    /// Takes a word whose first four bytes are, as a number, `start`.
    @inline(__always) private mutating func word(_ word: StaticString, _ start: UInt32) throws(JSONSyntaxError) {
        let isThere =
            offset + 4 <= count
            && UnsafeRawPointer(base + offset).loadUnaligned(as: UInt32.self) == UInt32(littleEndian: start)
        if isThere {
            offset += 4
            if word.utf8CodeUnitCount == 4 { return }
            if byte == word.utf8Start[4] { return step() }
            offset -= 4
        }
        try wordByByte(word)
    }

    private mutating func wordByByte(_ word: StaticString) throws(JSONSyntaxError) {
        for i in 0..<word.utf8CodeUnitCount {
            guard byte == word.utf8Start[i] else {
                throw fault("no such word: true, false and null are the ones there are")
            }
            offset += 1
        }
    }

    /// Takes a whole value and looks at nothing in it but the grammar.
    mutating func skip(depth: Int) throws(JSONSyntaxError) {
        switch byte {
        case 0x22: _ = try string()
        case 0x7B:
            guard depth < JSONCursor.maximumDepth else { throw tooDeep }
            step()
            skipWhiteSpace()
            if byte == 0x7D { return step() }
            while true {
                guard byte == 0x22 else { throw fault("a key in quotes was expected") }
                _ = try string()
                skipWhiteSpace()
                try expect(0x3A, "a colon was expected")
                skipWhiteSpace()
                // Not for every string is a call worth its while.
                if byte == 0x22 { _ = try string() } else { try skip(depth: depth + 1) }
                if try endOfMembers(0x7D) { return }
            }
        case 0x5B:
            guard depth < JSONCursor.maximumDepth else { throw tooDeep }
            step()
            skipWhiteSpace()
            if byte == 0x5D { return step() }
            while true {
                try skip(depth: depth + 1)
                if try endOfMembers(0x5D) { return }
            }
        case 0x2D, 0x30...0x39: _ = try number()
        default: _ = try literal()
        }
    }

    var tooDeep: JSONSyntaxError {
        JSONSyntaxError("nested deeper than \(JSONCursor.maximumDepth) levels", at: offset)
    }

    /// Behind a member or element: takes the comma and answers `false`, or takes the closing bracket and answers `true`.
    @inline(__always) mutating func endOfMembers(_ close: UInt8) throws(JSONSyntaxError) -> Bool {
        skipWhiteSpace()
        if byte == 0x2C {
            step()
            skipWhiteSpace()
            return false
        }
        guard byte == close, !isAtEnd else { throw fault("a comma or a closing bracket was expected") }
        step()
        return true
    }
}
