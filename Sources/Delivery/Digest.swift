import CCrypto

/// HMAC-SHA256 by libcrypto.
enum Digest {
    /// The HMAC-SHA256 of a message (RFC 2104); empty if libcrypto refuses.
    static func hmac(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        guard let context = hs_hmac_new("SHA256", key, key.count) else { return [] }
        defer { EVP_MAC_CTX_free(context) }
        var count = 0
        return [UInt8](unsafeUninitializedCapacity: 32) { buffer, initialized in
            let done =
                EVP_MAC_update(context, message, message.count) == 1
                && EVP_MAC_final(context, buffer.baseAddress, &count, buffer.count) == 1
            initialized = done ? count : 0
        }
    }

    /// Bytes in lower-case hexadecimal digits.
    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
