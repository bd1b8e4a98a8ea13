import CCrypto

/// A user's Ed25519 key as NATS writes it: base32 of two bytes that say what it is, 32 of the seed, and a CRC-16 (ADR-14).
struct NKey {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
    /// `S` and `U`, five bits each, over two bytes.
    private static let seedPrefix: UInt8 = 18 << 3
    private static let userPrefix: UInt8 = 20 << 3

    private let seed: [UInt8]

    /// Reads a seed, `SU…`; `nil` if it is none, or of another than a user.
    init?(seed text: String) {
        guard let bytes = NKey.decode(Array(text.utf8)), bytes.count == 36,
            NKey.checksum(bytes[..<34]) == UInt16(bytes[34]) | UInt16(bytes[35]) << 8,
            bytes[0] & 0xF8 == NKey.seedPrefix, (bytes[0] & 7) << 5 | bytes[1] >> 3 == NKey.userPrefix
        else { return nil }
        seed = Array(bytes[2..<34])
    }

    /// The public key, `U…`.
    var publicKey: String? {
        guard let key = sign("")?.key else { return nil }
        var bytes = [NKey.userPrefix] + key
        let checksum = NKey.checksum(bytes[...])
        bytes += [UInt8(truncatingIfNeeded: checksum), UInt8(checksum >> 8)]
        return NKey.encode(bytes)
    }

    /// The signature of a server's nonce, in base64 as URLs have it (RFC 4648 §5) without padding.
    func signature(of nonce: String) -> String? { (sign(nonce)?.signature).map(NKey.base64) }

    private func sign(_ text: String) -> (signature: [UInt8], key: [UInt8])? {
        var signature = [UInt8](repeating: 0, count: 64)
        var key = [UInt8](repeating: 0, count: 32)
        let message = Array(text.utf8)
        return hs_ed25519_sign(seed, message, message.count, &signature, &key) == 1 ? (signature, key) : nil
    }

    /// Base32 (RFC 4648 §6) without padding.
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for character in text {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 5 | UInt32(value)
            count += 5
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    static func encode(_ bytes: [UInt8]) -> String { text(bytes, alphabet, bitsEach: 5) }

    /// CRC-16/XMODEM.
    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        var crc: UInt16 = 0
        for byte in bytes {
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
        }
        return crc
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        text(bytes, Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8), bitsEach: 6)
    }

    /// Bytes in the letters of an alphabet, each of which stands for so many bits.
    private static func text(_ bytes: [UInt8], _ alphabet: [UInt8], bitsEach: Int) -> String {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        let mask = UInt32(alphabet.count - 1)
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= bitsEach {
                count -= bitsEach
                text.append(alphabet[Int(bits >> UInt32(count) & mask)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(bitsEach - count) & mask)]) }
        return String(decoding: text, as: UTF8.self)
    }
}
