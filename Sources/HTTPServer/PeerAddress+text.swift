import Glibc

extension PeerAddress {
    /// Reads an address as it is written: dotted decimals, or IPv6 in hexadecimal groups without brackets and zone. `nil` for
    /// any other text. An IPv4-mapped IPv6 address is the IPv4 one (RFC 4291 §2.5.5.2).
    public init?(_ text: some StringProtocol) {
        // Longer than any address is written; and a NUL would end it early.
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        let text = String(text)
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self = .v4(UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let (high, low) = withUnsafeBytes(of: &v6) {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self = high == 0 && low >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high, low)
    }
}
