import CCrypto

/// SHA-256 of bytes (FIPS 180-4), by libcrypto.
public enum SHA256 {
    /// Its length in bytes.
    public static let size = 32

    /// The 32 bytes of the hash; none if libcrypto fails, so that nothing equals it.
    public static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            var count = 0
            let isDone = EVP_Q_digest(nil, "SHA256", nil, bytes.baseAddress, bytes.count, buffer.baseAddress, &count)
            initialized = isDone == 1 ? count : 0
        }
    }
}
