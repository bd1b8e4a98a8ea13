import CCrypto
import Spool

/// 128 bits of a hash over a source's name and a key's value, under a key that does not change between starts.
enum KeyHash {
    static func of(_ source: String, _ value: UnsafeRawBufferPointer) -> SIMD2<UInt64> {
        guard let hmac = HMAC(key: Array("hookswitch dedupe".utf8)) else { return .zero }
        // The length keeps "a" + "bc" apart from "ab" + "c".
        hmac.update("\(source.utf8.count):\(source)")
        hmac.update(value)
        return hmac.finish().withUnsafeBytes {
            $0.count < 16
                ? .zero : SIMD2($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }
}

extension DedupeKey {
    /// The key of a signed request that may come again while its signature holds. Apart from the keys that a source's
    /// `dedupe` finds: no source's name has a space in it.
    init(_ replay: ReplayKey, of source: String) {
        self = replay.bytes.withUnsafeBytes {
            DedupeKey(hash: KeyHash.of("\(source) signed", $0), until: replay.until, isExact: false)
        }
    }
}
