import CCrypto

/// Comparison that takes as long for unequal bytes as for equal ones.
enum ConstantTime {
    static func equal(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }
}
