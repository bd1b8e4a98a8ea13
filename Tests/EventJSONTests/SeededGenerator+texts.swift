import TestSupport

extension SeededGenerator {
    /// A character of any length in UTF-8; control characters and quotes come more often than elsewhere.
    mutating func scalar() -> Unicode.Scalar? {
        let limits: [UInt32] = [0x20, 0x80, 0x800, 0x1_0000, 0x11_0000]
        let limit = limits.randomElement(using: &self)!
        return Bool.random(using: &self)
            ? Unicode.Scalar(UInt32.random(in: 0..<limit, using: &self))
            : "\"\\/\u{7F}\u{2028}.$%{}".unicodeScalars.randomElement(using: &self)
    }

    /// Any bytes, mostly those that mean something somewhere.
    mutating func nastyBytes() -> [UInt8] {
        (0..<Int.random(in: 0...12, using: &self)).map { _ in
            Bool.random(using: &self)
                ? UInt8.random(in: .min ... .max, using: &self)
                : Array("\"\\/.%\r\n\0{}$:,[]#?&~_ ".utf8).randomElement(using: &self)!
        }
    }
}
