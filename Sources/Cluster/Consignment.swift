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
        let sums = sums(attributes, from: receivedAt)
        return "m\(String(sums.x, radix: 36))-\(String(sums.y, radix: 36))"
    }

    /// Two sums over bytes that are multiplied and folded at each one (FNV-1a has this form): they are to tell events apart, not to
    /// resist anybody.
    static func sums(_ bytes: some Collection<UInt8>, from start: Int64) -> SIMD2<UInt64> {
        var first: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(bitPattern: start)
        var second: UInt64 = 0x9E37_79B9_7F4A_7C15 &+ UInt64(bitPattern: start)
        for byte in bytes {
            first = (first ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
            second = (second &+ UInt64(byte)) &* 0xD1B5_4A32_D192_ED03
            second ^= second >> 29
        }
        return SIMD2(first, second)
    }
}
