import Delivery
import HTTPServer

/// A block of addresses: `34.247.197.22`, `10.0.0.0/8`, `2001:db8::/32`.
public struct AddressBlock: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64
    private let prefix: Int
    private let isV4: Bool

    /// The addresses that Voucherify sends from, by region (its documentation of webhooks).
    public static let voucherify: [String: [String]] = [
        "voucherify:eu1": ["34.247.197.22", "63.32.191.141", "52.215.148.84"],
        "voucherify:us1": ["100.25.106.67", "18.209.236.215", "34.192.255.99"],
        "voucherify:as1": ["52.76.98.82", "54.169.8.101", "13.214.87.160"],
    ]

    /// Reads an address or a CIDR block; `nil` if it is none.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let host = String(parts[0])
        // A port of 0 makes an address of it, whose reader there is.
        guard let address = ListenAddress(host.contains(":") ? "[\(host)]:0" : "\(host):0"), host != "localhost" else {
            return nil
        }
        switch address {
        case .v4(let v4, _):
            (isV4, high, low) = (true, UInt64(v4) << 32, 0)
        case .v6(let v6High, let v6Low, _):
            (isV4, high, low) = (false, v6High, v6Low)
        case .unix: return nil
        }
        let longest = isV4 ? 32 : 128
        guard parts.count == 2 else {
            prefix = longest
            return
        }
        guard let length = Int(parts[1]), (0...longest).contains(length) else { return nil }
        prefix = length
    }

    /// Whether an address is in the block.
    public func contains(_ peer: PeerAddress) -> Bool {
        switch peer {
        case .v4(let address): isV4 && AddressBlock.agree(high, UInt64(address) << 32, prefix)
        case .v6(let peerHigh, let peerLow):
            !isV4 && AddressBlock.agree(high, peerHigh, min(prefix, 64))
                && AddressBlock.agree(low, peerLow, max(0, prefix - 64))
        case .local: false
        }
    }

    /// The block as IPv6 addresses, an IPv4 address being `::ffff:a.b.c.d`: for the guard of what is connected to.
    var guarded: AddressGuard.Block {
        isV4
            ? AddressGuard.Block(bits: 0xFFFF << 32 | UInt128(high >> 32), prefix: 96 + prefix)
            : AddressGuard.Block(bits: UInt128(high) << 64 | UInt128(low), prefix: prefix)
    }

    private static func agree(_ one: UInt64, _ other: UInt64, _ bits: Int) -> Bool {
        bits == 0 || (one ^ other) >> UInt64(64 - bits) == 0
    }
}
