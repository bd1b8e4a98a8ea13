import Glibc

/// Which addresses are never connected to, whatever name resolved to them.
///
/// Addresses are compared as IPv6 ones: an IPv4 address is `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2), and so is one that is
/// embedded for NAT64 (RFC 6052 §2.1) or 6to4 (RFC 3056 §2), so that another spelling is no way around. One that stands for no
/// address (0.0.0.0, `::`) leads to the machine itself, and is its loopback address too.
public struct AddressGuard: Sendable, Equatable {
    /// A block of addresses.
    public struct Block: Sendable, Hashable {
        let bits: UInt128
        let prefix: Int

        /// The addresses that share their first `prefix` bits with `bits`, both by the IPv6 form.
        public init(bits: UInt128, prefix: Int) {
            self.bits = bits
            self.prefix = prefix
        }

        func contains(_ address: UInt128) -> Bool {
            prefix == 0 || (address ^ bits) >> UInt128(128 - prefix) == 0
        }
    }

    /// Where clouds hand out credentials to whoever asks: link-local addresses of both families (AWS, Azure, Google and
    /// most others at 169.254.169.254), AWS and Google by IPv6 (fd00:ec2::254, fd20:ce::254), Azure's other one (168.63.129.16),
    /// Alibaba (100.100.100.200), Oracle (192.0.0.192).
    public static let metadata: [Block] = [
        Block(bits: v4(169, 254, 0, 0), prefix: 96 + 16),
        Block(bits: 0xFE80 << 112, prefix: 10),
        Block(bits: 0xFD00_0EC2 << 96 | 0x254, prefix: 128),
        Block(bits: 0xFD20_00CE << 96 | 0x254, prefix: 128),
        Block(bits: v4(168, 63, 129, 16), prefix: 128),
        Block(bits: v4(100, 100, 100, 200), prefix: 128),
        Block(bits: v4(192, 0, 0, 192), prefix: 128),
    ]

    /// Denied beside the metadata addresses.
    public var denied: [Block] = []
    /// Allowed though denied.
    public var allowed: [Block] = []

    /// The metadata addresses are denied, no others.
    public init() {}

    /// Whether an address is not to be connected to.
    func denies(_ address: UInt128) -> Bool {
        let addresses = AddressGuard.meanings(address)
        func isIn(_ blocks: [Block]) -> Bool { blocks.contains { addresses.contains(where: $0.contains) } }
        return !isIn(allowed) && (isIn(AddressGuard.metadata) || isIn(denied))
    }

    /// An address that a socket is about to be connected to; `nil` if it is no IP address.
    static func address(_ family: Int32, _ bytes: UnsafeRawPointer) -> UInt128? {
        switch family {
        case AF_INET:
            let address = bytes.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr
            return 0xFFFF << 32 | UInt128(UInt32(bigEndian: address))
        case AF_INET6:
            var address = bytes.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: &address) { UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self)) }
        default: return nil
        }
    }

    /// An address as people write it.
    static func text(_ address: UInt128) -> String {
        let address = plain(address)
        if address >> 32 == 0xFFFF {
            return stride(from: 24, through: 0, by: -8).map { "\(UInt8(truncatingIfNeeded: address >> $0))" }
                .joined(separator: ".")
        }
        var bytes = address.bigEndian
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
            guard let base = text.baseAddress, inet_ntop(AF_INET6, &bytes, base, socklen_t(text.count)) != nil else {
                return ""
            }
            return String(cString: base)
        }
    }

    private static func plain(_ address: UInt128) -> UInt128 {
        if address >> 32 == 0x0064_FF9B << 64 { return 0xFFFF << 32 | address & 0xFFFF_FFFF }
        if address >> 112 == 0x2002 { return 0xFFFF << 32 | address >> 80 & 0xFFFF_FFFF }
        return address
    }

    /// All that an address leads to, as it stands and as it is taken.
    private static func meanings(_ address: UInt128) -> [UInt128] {
        let plain = plain(address)
        let loopback = plain == 0 ? 1 : plain == v4(0, 0, 0, 0) ? v4(127, 0, 0, 1) : plain
        return plain == address && loopback == plain ? [address] : [address, plain, loopback]
    }

    private static func v4(_ a: UInt128, _ b: UInt128, _ c: UInt128, _ d: UInt128) -> UInt128 {
        0xFFFF << 32 | a << 24 | b << 16 | c << 8 | d
    }
}
