/// A host with or without a port, as the Host header and an absolute target have it (RFC 9110 §4.2.1, RFC 3986 §3.2). No I/O.
enum Authority {
    /// Whether bytes are a host that is not empty and has no user, and behind it nothing or a colon and a port.
    static func isValid(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        guard let first = range.first else { return false }
        var index = first
        if bytes[first] == 0x5B {
            guard let end = ByteSearch.first(0x5D, in: bytes, range), isIPv6(bytes, (first + 1)..<end) else {
                return false
            }
            index = end + 1
        } else {
            while index < range.upperBound, bytes[index] != 0x3A {
                if bytes[index] == 0x25 {
                    guard index + 2 < range.upperBound, bytes[index + 1].isHexDigit, bytes[index + 2].isHexDigit else {
                        return false
                    }
                } else if !bytes[index].isRegisteredName {
                    return false
                }
                index += 1
            }
            if index == first { return false }
        }
        if index == range.upperBound { return true }
        return bytes[index] == 0x3A && isPort(bytes, (index + 1)..<range.upperBound)
    }

    /// Hexadecimal digits, colons and dots, as many as an address may have (RFC 4291 §2.2).
    private static func isIPv6(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        (2...45).contains(range.count)
            && range.allSatisfy { bytes[$0].isHexDigit || bytes[$0] == 0x3A || bytes[$0] == 0x2E }
            && ByteSearch.first(0x3A, in: bytes, range) != nil
    }

    /// Nothing, or a number up to 65535.
    private static func isPort(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        range.count <= 5 && range.allSatisfy { bytes[$0].isDigit }
            && range.reduce(0) { $0 * 10 + Int(bytes[$1] - 0x30) } <= 65535
    }
}

extension UInt8 {
    @inline(__always) var isDigit: Bool { self &- 0x30 < 10 }

    @inline(__always) var isHexDigit: Bool { isDigit || (self | 0x20) &- 0x61 < 6 }

    /// Whether the name of a host may hold this character (`unreserved` and `sub-delims`, RFC 3986 §3.2.2).
    @inline(__always) fileprivate var isRegisteredName: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x21, 0x24, 0x26...0x2E, 0x3B, 0x3D, 0x5F, 0x7E: true
        default: false
        }
    }
}
