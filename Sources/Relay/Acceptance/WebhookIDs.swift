import CCrypto

/// Gives each event the `webhook-id` that all its attempts carry: unique over processes and machines. Owned by one event loop.
struct WebhookIDs {
    private let prefix: String
    private var count: UInt64 = 0

    init() {
        var bytes = [UInt8](repeating: 0, count: 10)
        _ = RAND_bytes(&bytes, Int32(bytes.count))
        prefix = "evt_" + Hex.encode(bytes) + "_"
    }

    mutating func next() -> String {
        count += 1
        return prefix + String(count, radix: 36)
    }
}
