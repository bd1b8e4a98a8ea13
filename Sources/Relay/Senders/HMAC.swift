import CCrypto

/// HMAC under one key (RFC 2104), by libcrypto: the key is prepared once and used for message after message.
///
/// Owned by one thread: `begin`, `update` as often as need be, `finish`.
final class HMAC {
    /// The longest signature, in bytes.
    static let sizeLimit = 64

    /// The signature's length in bytes.
    let size: Int
    private let context: OpaquePointer

    /// Prepares a key. `nil` if libcrypto refuses, as for want of memory.
    init?(key: some Collection<UInt8>, _ algorithm: SignatureScheme.Algorithm = .sha256) {
        let key = Array(key)
        guard let context = hs_hmac_new(algorithm.digestName, key, key.count) else { return nil }
        self.context = context
        size = algorithm.size
    }

    deinit { EVP_MAC_CTX_free(context) }

    func begin() { _ = hs_hmac_begin(context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        _ = EVP_MAC_update(context, base.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    func finish() -> [UInt8] {
        var count = 0
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            // On a failure the count stays 0, and an empty signature equals none that was sent.
            _ = EVP_MAC_final(context, buffer.baseAddress, &count, buffer.count)
            initialized = count
        }
    }

    /// Whether the signature is this one in hexadecimal digits, compared in constant time. Allocates nothing.
    func finishesAs(hex digits: UnsafeRawBufferPointer) -> Bool {
        guard digits.count == 2 * size else { return false }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 3 * size) { memory in
            var count = 0
            guard EVP_MAC_final(context, memory.baseAddress, &count, size) == 1, count == size,
                let base = memory.baseAddress
            else { return false }
            // Each algorithm's signature is some times four bytes.
            for index in stride(from: 0, to: size, by: 4) {
                let bytes = UnsafeRawPointer(base + index).loadUnaligned(as: UInt32.self)
                UnsafeMutableRawPointer(base + size + 2 * index).storeBytes(of: Hex.encode(bytes), as: UInt64.self)
            }
            return CRYPTO_memcmp(base + size, digits.baseAddress, 2 * size) == 0
        }
    }

    /// The signature of one message under one key.
    static func sign(key: [UInt8], _ message: [UInt8], _ algorithm: SignatureScheme.Algorithm = .sha256) -> [UInt8] {
        guard let hmac = HMAC(key: key, algorithm) else { return [] }
        message.withUnsafeBytes { hmac.update($0) }
        return hmac.finish()
    }
}
