/// What a proxy says of its client before the client's own bytes: the PROXY protocol, versions 1 and 2 (HAProxy's
/// proxy-protocol.txt, sections 2.1 and 2.2). No I/O.
struct ProxyHeader: Equatable {
    /// A connection that does not begin with a header, or with one that can't be read: it is closed.
    struct Malformed: Error {}

    /// Its length in bytes.
    var length: Int
    /// The client; `nil` where the proxy speaks for itself or does not know.
    var client: PeerAddress?

    /// The longest header read: 16 bytes, addresses, and what a proxy may add about its client.
    static let limitBytes = 16 + 2048
    /// The longest line of version 1, its end included.
    private static let lineLimitBytes = 107
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let word = Array("PROXY ".utf8)

    /// Reads what a connection begins with; `nil` until the header is whole.
    static func read(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> ProxyHeader? {
        guard let first = bytes.first else { return nil }
        let begin = first == signature[0] ? signature : word
        guard bytes.prefix(begin.count).elementsEqual(begin.prefix(bytes.count)) else { throw Malformed() }
        guard bytes.count >= begin.count else { return nil }
        return first == signature[0] ? try binary(bytes) : try line(bytes)
    }

    /// Version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443`, or `PROXY UNKNOWN` and anything.
    private static func line(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> ProxyHeader? {
        guard let feed = ByteSearch.first(0x0A, in: bytes, from: 0) else {
            if bytes.count >= lineLimitBytes { throw Malformed() }
            return nil
        }
        guard feed < lineLimitBytes, bytes[feed - 1] == 0x0D else { throw Malformed() }
        let text = String(decoding: bytes[word.count..<(feed - 1)], as: UTF8.self)
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        if parts[0] == "UNKNOWN" { return ProxyHeader(length: feed + 1, client: nil) }
        guard parts.count == 5, isPort(parts[3]), isPort(parts[4]) else { throw Malformed() }
        let isV4 = parts[0] == "TCP4"
        guard isV4 || parts[0] == "TCP6", parts[1...2].allSatisfy({ $0.contains(":") != isV4 }),
            let client = PeerAddress(parts[1]), PeerAddress(parts[2]) != nil
        else { throw Malformed() }
        return ProxyHeader(length: feed + 1, client: client)
    }

    private static func isPort(_ text: String) -> Bool {
        text.utf8.allSatisfy(\.isDigit) && UInt16(text) != nil && (text == "0" || !text.hasPrefix("0"))
    }

    /// Version 2: signature, version and command, family and protocol, length, addresses.
    private static func binary(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> ProxyHeader? {
        guard bytes.count >= 16 else { return nil }
        let (command, family) = (bytes[12], bytes[13])
        let rest = Int(bytes[14]) << 8 | Int(bytes[15])
        guard command == 0x20 || command == 0x21, 16 + rest <= limitBytes else { throw Malformed() }
        guard bytes.count >= 16 + rest else { return nil }
        var header = ProxyHeader(length: 16 + rest, client: nil)
        // LOCAL: the proxy itself, looking after our health. Whatever the addresses say is passed over.
        if command == 0x20 { return header }
        func word(_ offset: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        switch family {
        case 0x11 where rest >= 12: header.client = .v4(UInt32(word(16) >> 32))
        case 0x21 where rest >= 36: header.client = PeerAddress(word(16), word(24))
        case 0x31 where rest >= 216: header.client = .local
        case 0x00: break
        default: throw Malformed()
        }
        return header
    }
}
