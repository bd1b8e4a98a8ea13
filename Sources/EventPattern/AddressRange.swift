import Glibc

/// An IP address of either family, comparable within its family.
struct IPAddress: Hashable {
    var isV6: Bool
    var bits: UInt128

    /// Reads an address as Java's `InetAddress` does, which event-ruler uses: dotted decimals, or hexadecimal groups
    /// without a dotted end; an IPv4-mapped IPv6 address is the IPv4 one. `nil` for any other text.
    init?(_ text: UnsafeRawBufferPointer) {
        guard text.count <= 45 else { return nil }
        if text.contains(0x3A) { self.init(v6: text) } else { self.init(v4: text) }
    }

    private init?(v4 text: UnsafeRawBufferPointer) {
        var value: UInt128 = 0
        var parts = 0
        for part in text.split(separator: 0x2E, omittingEmptySubsequences: false) {
            guard !part.isEmpty, part.count <= 10, part.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
            let number = part.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            guard number <= 255 else { return nil }
            value = value << 8 | UInt128(number)
            parts += 1
        }
        guard parts == 4 else { return nil }
        (isV6, bits) = (false, value)
    }

    private init?(v6 text: UnsafeRawBufferPointer) {
        var address = in6_addr()
        guard !text.contains(0x2E), inet_pton(AF_INET6, String(decoding: text, as: UTF8.self), &address) == 1 else {
            return nil
        }
        let value = withUnsafeBytes(of: &address) { $0.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } }
        // ::ffff:a.b.c.d (RFC 4291 §2.5.5.2)
        if value >> 32 == 0xFFFF {
            (isV6, bits) = (false, value & 0xFFFF_FFFF)
        } else {
            (isV6, bits) = (true, value)
        }
    }
}

/// The addresses of a block: `{"cidr": "10.0.0.0/8"}`. From the address as it is written to the block's end, as
/// event-ruler has it.
public struct AddressRange: Hashable, Sendable {
    let isV6: Bool
    let low: UInt128
    let high: UInt128
    let text: String

    /// Why a text is no block.
    struct Fault: Error {
        var message: String
        var hint: String
    }

    init(_ text: String) throws(Fault) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw Fault(
                message: "\"\(text)\" is no block of addresses",
                hint: "write an address, a slash and the bits: 10.0.0.0/8")
        }
        guard let bits = Int(parts[1]), bits >= 0, parts[1].allSatisfy(\.isNumber) else {
            throw Fault(message: "\"\(parts[1])\" is no number of bits", hint: "write it like 10.0.0.0/8")
        }
        var address = Array(parts[0].utf8)
        guard let low = address.withUnsafeMutableBytes({ IPAddress(UnsafeRawBufferPointer($0)) }) else {
            throw Fault(message: "\"\(parts[0])\" is no IP address", hint: "write it like 10.0.0.0/8 or 2001:db8::/32")
        }
        let width = low.isV6 ? 128 : 32
        guard bits < width else {
            throw Fault(
                message: "the bits of an \(low.isV6 ? "IPv6" : "IPv4") block are fewer than \(width)",
                hint: "for one address write it as a string: [\"\(parts[0])\"]")
        }
        isV6 = low.isV6
        self.low = low.bits
        high = low.bits | ((UInt128(1) << UInt128(width - bits)) &- 1)
        self.text = text
    }

    func contains(_ address: IPAddress) -> Bool {
        address.isV6 == isV6 && address.bits >= low && address.bits <= high
    }
}
