/// The trace that a request belongs to (W3C Trace Context §3.2): the sender's, passed on, or one of the relay's own.
///
/// The relay's own is made of what it is for, so that all attempts of an event, to whichever target and after whatever
/// restart, are in the same trace, and nothing must be stored for that.
public enum TraceContext {
    /// The identifier of an event's trace: 32 hexadecimal digits.
    public static func traceID(webhookID: String) -> String {
        let (high, low) = trace(webhookID)
        return hex(high, low)
    }

    /// The identifier of an attempt's span: 16 hexadecimal digits.
    public static func spanID(webhookID: String, target: String, attempt: UInt32) -> String {
        hex(span(webhookID, target, attempt))
    }

    /// The identifier of the span that an event's acceptance is: 16 hexadecimal digits.
    public static func acceptanceSpanID(webhookID: String) -> String {
        var hash = Hash(0x8CB9_2BA7_2F3D_8DD7)
        hash.add(webhookID)
        return hex(hash.value)
    }

    /// What a `traceparent` value says; `nil` if it can't be passed on.
    static func parse(_ parent: String) -> (traceID: String, spanID: String, isSampled: Bool)? {
        guard isValid(parent) else { return nil }
        let fields = parent.split(separator: "-")
        return (String(fields[1]), String(fields[2]), UInt8(fields[3], radix: 16).map { $0 & 1 == 1 } ?? false)
    }

    /// A `traceparent` value. Its flag says "sampled": a receiver that follows its parent would else drop the trace.
    static func parent(webhookID: String, target: String, attempt: UInt32) -> String {
        let (high, low) = trace(webhookID)
        let span = span(webhookID, target, attempt)
        let form: StaticString = "00-00000000000000000000000000000000-0000000000000000-01"
        return String(unsafeUninitializedCapacity: form.utf8CodeUnitCount) { digits in
            for index in 0..<form.utf8CodeUnitCount { digits[index] = form.utf8Start[index] }
            put(high, at: 3, of: digits)
            put(low, at: 19, of: digits)
            put(span, at: 36, of: digits)
            return form.utf8CodeUnitCount
        }
    }

    /// Whether a value can be passed on: version, trace, span and flags in lower-case hexadecimal, neither all zero.
    static func isValid(_ parent: String) -> Bool {
        let fields = parent.split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count >= 4, fields[0] != "ff", fields[0] != "00" || fields.count == 4 else { return false }
        return zip(fields, [2, 32, 16, 2]).allSatisfy { field, digits in
            field.utf8.count == digits
                && field.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        } && fields[1].contains { $0 != "0" } && fields[2].contains { $0 != "0" }
    }

    private static func trace(_ webhookID: String) -> (high: UInt64, low: UInt64) {
        var (high, low) = (Hash(0x9E37_79B9_7F4A_7C15), Hash(0xD1B5_4A32_D192_ED03))
        high.add(webhookID)
        low.add(webhookID)
        return (high.value, low.value)
    }

    private static func span(_ webhookID: String, _ target: String, _ attempt: UInt32) -> UInt64 {
        var hash = Hash(0xA24B_AED4_963E_E407)
        hash.add(webhookID)
        hash.add("/")
        hash.add(target)
        hash.add("/")
        hash.add(String(attempt))
        return hash.value
    }

    /// FNV-1a, then SplitMix64's mix: spread, not secret.
    private struct Hash {
        private var state: UInt64

        init(_ seed: UInt64) { state = 0xCBF2_9CE4_8422_2325 ^ seed }

        mutating func add(_ text: String) {
            var text = text
            text.withUTF8 { for byte in $0 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 } }
        }

        /// Never 0, which would be no identifier.
        var value: UInt64 {
            var value = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            value ^= value >> 31
            return value == 0 ? 1 : value
        }
    }

    /// 16 digits a number.
    private static func hex(_ values: UInt64...) -> String {
        String(unsafeUninitializedCapacity: values.count * 16) { digits in
            for (index, value) in values.enumerated() { put(value, at: index * 16, of: digits) }
            return values.count * 16
        }
    }

    private static func put(_ value: UInt64, at start: Int, of digits: UnsafeMutableBufferPointer<UInt8>) {
        for place in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * place)) & 0xF
            digits[start + place] = digit < 10 ? 0x30 + digit : 0x57 + digit
        }
    }
}
