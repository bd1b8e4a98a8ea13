import Delivery
import HTTPServer

/// A block of addresses: `34.247.197.22`, `10.0.0.0/8`, `2001:db8::/32`; or `unix`, whoever connects to a Unix socket.
public struct AddressBlock: Hashable, Sendable {
    private let base: PeerAddress
    private let prefix: Int

    /// The addresses that Voucherify sends from, by region (its documentation of webhooks).
    public static let voucherify: [String: [String]] = [
        "voucherify:eu1": ["34.247.197.22", "63.32.191.141", "52.215.148.84"],
        "voucherify:us1": ["100.25.106.67", "18.209.236.215", "34.192.255.99"],
        "voucherify:as1": ["52.76.98.82", "54.169.8.101", "13.214.87.160"],
    ]

    /// Reads an address or a CIDR block; `nil` if it is none. A block of IPv4-mapped IPv6 addresses is the IPv4 one.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if text == "unix" {
            (base, prefix) = (.local, 0)
            return
        }
        guard let address = PeerAddress(parts[0]) else { return nil }
        base = address
        guard parts.count == 2 else {
            prefix = 128
            return
        }
        let digits = parts[1]
        guard digits.utf8.count <= 3, digits.utf8.allSatisfy({ $0 &- 0x30 < 10 }), let length = Int(digits) else {
            return nil
        }
        switch address {
        case .v4 where parts[0].contains(":"):
            guard (96...128).contains(length) else { return nil }
            prefix = length - 96
        case .v4:
            guard length <= 32 else { return nil }
            prefix = length
        case .v6, .local:
            guard length <= 128 else { return nil }
            prefix = length
        }
    }

    /// Whether an address is in the block.
    public func contains(_ peer: PeerAddress) -> Bool {
        switch (base, peer) {
        case (.v4(let one), .v4(let other)): AddressBlock.agree(UInt64(one) << 32, UInt64(other) << 32, min(prefix, 32))
        case (.v6(let high, let low), .v6(let peerHigh, let peerLow)):
            AddressBlock.agree(high, peerHigh, min(prefix, 64)) && AddressBlock.agree(low, peerLow, max(0, prefix - 64))
        case (.local, .local): true
        default: false
        }
    }

    /// The block as IPv6 addresses, an IPv4 address being `::ffff:a.b.c.d`: for the guard of what is connected to.
    /// `nil` for Unix sockets.
    var guarded: AddressGuard.Block? {
        switch base {
        case .v4(let address): .init(bits: 0xFFFF << 32 | UInt128(address), prefix: 96 + min(prefix, 32))
        case .v6(let high, let low): .init(bits: UInt128(high) << 64 | UInt128(low), prefix: prefix)
        case .local: nil
        }
    }

    private static func agree(_ one: UInt64, _ other: UInt64, _ bits: Int) -> Bool {
        bits == 0 || (one ^ other) >> UInt64(64 - bits) == 0
    }
}
