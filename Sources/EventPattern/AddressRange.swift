/// An IP address of either family, comparable within its family.
struct IPAddress: Hashable {
    var isV6: Bool
    var bits: UInt128

    /// Reads an address as Java's `InetAddress` does, which event-ruler uses: dotted decimals, or hexadecimal groups
    /// without a dotted end, both with zeros before them; an IPv4-mapped IPv6 address is the IPv4 one. `nil` for any
    /// other text.
    init?(_ text: UnsafeRawBufferPointer) {
        // Most texts are found out by their first byte.
        guard let first = text.first, first == 0x3A || IPAddress.digit(first) != nil else { return nil }
        if text.contains(0x3A) { self.init(v6: text) } else { self.init(v4: text) }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    private init?(v4 text: UnsafeRawBufferPointer) {
        var value: UInt128 = 0
        var parts = 0
        guard text.count <= 15 else { return nil }
        for part in text.split(separator: 0x2E, omittingEmptySubsequences: false) {
            guard !part.isEmpty, part.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
            let number = part.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            guard number <= 255 else { return nil }
            value = value << 8 | UInt128(number)
            parts += 1
        }
        guard parts == 4 else { return nil }
        (isV6, bits) = (false, value)
    }

    private init?(v6 text: UnsafeRawBufferPointer) {
        guard let value = IPAddress.groups(text) else { return nil }
        // ::ffff:a.b.c.d (RFC 4291 §2.5.5.2)
        if value >> 32 == 0xFFFF {
            (isV6, bits) = (false, value & 0xFFFF_FFFF)
        } else {
            (isV6, bits) = (true, value)
        }
    }

    /// Eight groups, or fewer with one `::` for the rest (RFC 4291 §2.2, items 1 and 2).
    private static func groups(_ text: UnsafeRawBufferPointer) -> UInt128? {
        var before: [UInt128] = []
        var behind: [UInt128]?
        var parts = text.split(separator: 0x3A, omittingEmptySubsequences: false)[...]
        guard parts.count > 2, parts.count <= 9 else { return nil }
        // A colon at an end stands there only as half of the `::`.
        if parts.first!.isEmpty {
            guard parts.removeFirst().isEmpty, parts.first!.isEmpty else { return nil }
        }
        if parts.last!.isEmpty {
            guard parts.removeLast().isEmpty, parts.last!.isEmpty else { return nil }
        }
        for part in parts {
            if part.isEmpty {
                guard behind == nil else { return nil }
                behind = []
                continue
            }
            var group: UInt128 = 0
            for byte in part {
                guard let digit = digit(byte) else { return nil }
                group = group << 4 | UInt128(digit)
                guard group <= 0xFFFF else { return nil }
            }
            if behind == nil { before.append(group) } else { behind!.append(group) }
        }
        let missing = 8 - before.count - (behind?.count ?? 0)
        guard behind == nil ? missing == 0 : missing > 0 else { return nil }
        let all = before + Array(repeating: 0, count: missing) + (behind ?? [])
        return all.reduce(0) { $0 << 16 | $1 }
    }
}

/// The addresses of a block, `{"cidr": "10.0.0.0/8"}`, or one address, which equals each of its spellings.
public struct AddressRange: Hashable, Sendable {
    let isV6: Bool
    let low: UInt128
    let high: UInt128
    let text: String

    /// Whether it is an address, not a block.
    var isOne: Bool { low == high }

    /// Why a text is no block.
    struct Fault: Error {
        var message: String
        var hint: String
    }

    /// One address; `nil` if the text is none.
    init?(address text: String) {
        var bytes = Array(text.utf8)
        guard let address = bytes.withUnsafeMutableBytes({ IPAddress(UnsafeRawBufferPointer($0)) }) else { return nil }
        (isV6, low, high) = (address.isV6, address.bits, address.bits)
        self.text = text
    }

    /// A block: what its first bits have in common with the address. (event-ruler takes slashes at the end and a plus.)
    init(_ text: String) throws(Fault) {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false)
        while parts.last?.isEmpty == true { parts.removeLast() }
        guard parts.count == 2 else {
            throw Fault(
                message: "\"\(text)\" is no block of addresses",
                hint: "write an address, a slash and the bits: 10.0.0.0/8")
        }
        guard let bits = Int(parts[1]), bits >= 0 else {
            throw Fault(message: "\"\(parts[1])\" is no number of bits", hint: "write it like 10.0.0.0/8")
        }
        guard let address = AddressRange(address: String(parts[0])) else {
            throw Fault(message: "\"\(parts[0])\" is no IP address", hint: "write it like 10.0.0.0/8 or 2001:db8::/32")
        }
        let width = address.isV6 ? 128 : 32
        guard bits < width else {
            throw Fault(
                message: "the bits of an \(address.isV6 ? "IPv6" : "IPv4") block are fewer than \(width)",
                hint: "for one address write it as a string: [\"\(parts[0])\"]")
        }
        isV6 = address.isV6
        let free = (UInt128(1) << UInt128(width - bits)) &- 1
        low = address.low & ~free
        high = address.low | free
        self.text = text
    }

    func contains(_ address: IPAddress) -> Bool {
        address.isV6 == isV6 && address.bits >= low && address.bits <= high
    }
}
