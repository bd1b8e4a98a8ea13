import CCrypto

/// HMAC-SHA256 under one key (RFC 2104), by libcrypto: the key is prepared once and used for message after message.
///
/// Owned by one thread: `begin`, `update` as often as need be, `finish`.
final class HMAC {
    static let size = 32

    private let context: OpaquePointer

    /// Prepares a key. `nil` if libcrypto refuses, as for want of memory.
    init?(key: some Collection<UInt8>) {
        let key = Array(key)
        guard let context = hs_hmac_new("SHA256", key, key.count) else { return nil }
        self.context = context
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
        return [UInt8](unsafeUninitializedCapacity: HMAC.size) { buffer, initialized in
            // On a failure the count stays 0, and an empty signature equals none that was sent.
            _ = EVP_MAC_final(context, buffer.baseAddress, &count, buffer.count)
            initialized = count
        }
    }

    /// The signature of one message under one key.
    static func sign(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        guard let hmac = HMAC(key: key) else { return [] }
        message.withUnsafeBytes { hmac.update($0) }
        return hmac.finish()
    }
}
