import Glibc

/// Where a connection comes from.
public enum PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 address, its bytes from the left.
    case v4(UInt32)
    /// An IPv6 address, its two halves from the left. IPv4-mapped ones are `v4`.
    case v6(UInt64, UInt64)
    /// A Unix socket.
    case local

    init(_ storage: sockaddr_storage) {
        let family = Int32(storage.ss_family)
        self = withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET:
                return .v4(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
            case AF_INET6:
                let high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
                return PeerAddress(high, low)
            default: return .local
            }
        }
    }

    /// An IPv6 address by its halves; `::ffff:a.b.c.d` is an IPv4 address (RFC 4291 §2.5.5.2).
    init(_ high: UInt64, _ low: UInt64) {
        self = high == 0 && low >> 32 == 0xFFFF ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high, low)
    }

    /// The address as people write it; one of IPv6 as RFC 5952 §4 has it, so that it can be compared with what they wrote.
    public var description: String {
        switch self {
        case .v4(let address): (0..<4).map { String(address >> (24 - 8 * $0) & 255) }.joined(separator: ".")
        case .v6(let high, let low):
            PeerAddress.text((0..<8).map { ($0 < 4 ? high : low) >> (48 - 16 * UInt64($0 % 4)) & 0xFFFF })
        case .local: "unix"
        }
    }

    /// Eight groups, the first of the longest runs of zeros (two or more) left out.
    private static func text(_ groups: [UInt64]) -> String {
        var longest = 0..<0
        var start = 0
        for index in 0...groups.count {
            if index < groups.count && groups[index] == 0 { continue }
            if index - start > max(1, longest.count) { longest = start..<index }
            start = index + 1
        }
        func joined(_ part: some Sequence<UInt64>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !longest.isEmpty else { return joined(groups) }
        return "\(joined(groups[..<longest.lowerBound]))::\(joined(groups[longest.upperBound...]))"
    }
}
