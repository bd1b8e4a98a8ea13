import CCrypto

/// Gives each event the `webhook-id` that all its attempts carry: unique over processes and machines. Owned by one event loop.
struct WebhookIDs {
    private static let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)

    private var text: [UInt8]
    private let prefixCount: Int
    private var count: UInt64 = 0

    init() {
        var bytes = [UInt8](repeating: 0, count: 10)
        _ = RAND_bytes(&bytes, Int32(bytes.count))
        text = Array("evt_\(Hex.encode(bytes))_".utf8)
        prefixCount = text.count
    }

    /// Lends the next id's text.
    mutating func next<Result>(_ take: (UnsafeRawBufferPointer) -> Result) -> Result {
        count += 1
        text.removeSubrange(prefixCount...)
        var divisor: UInt64 = 1
        while count / divisor >= 36 { divisor *= 36 }
        while divisor > 0 {
            text.append(WebhookIDs.digits[Int(count / divisor % 36)])
            divisor /= 36
        }
        return text.withUnsafeBytes(take)
    }
}
