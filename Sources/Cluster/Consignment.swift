import Platform
import Spool

/// What an event that has been in another log is published as. Logic alone.
struct Consignment: Sendable, Equatable {
    /// Its `Nats-Msg-Id`: the same whenever it is sent, so that the stream stores it once.
    var id: String
    /// The queues that it is owed to and that have not tried it: theirs it is as if it were new.
    var fresh: [QueueID]

    /// What an event goes as. A key that still counts is its name, as of every event with that key; else what the relay recorded of
    /// it is, its `webhook-id` among it, which no other event has.
    static func id(
        receivedAt: Int64, dedupe: DedupeKey?, attributes: some Collection<UInt8>, now: Int64
    ) -> String {
        if let key = dedupe, key.until > now { return key.id }
        guard let sum = sum(of: attributes, with: UInt64(bitPattern: receivedAt)) else {
            // Twice is better than not at all.
            return "r\(String(UInt64.random(in: .min ... .max), radix: 36))"
        }
        return "m\(String(sum.x, radix: 36))-\(String(sum.y, radix: 36))"
    }

    /// 128 bits of the SHA-256 of a number and bytes; `nil` if libcrypto refuses, as for want of memory.
    static func sum(of bytes: some Collection<UInt8>, with number: UInt64) -> SIMD2<UInt64>? {
        let all = withUnsafeBytes(of: number.littleEndian) { Array($0) } + bytes
        let hash = all.withUnsafeBytes(SHA256.hash)
        func part(_ range: Range<Int>) -> UInt64 { hash[range].reduce(0) { $0 << 8 | UInt64($1) } }
        return hash.count < SHA256.size ? nil : SIMD2(part(0..<8), part(8..<16))
    }
}
