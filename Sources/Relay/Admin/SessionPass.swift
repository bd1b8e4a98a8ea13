/// What a browser carries instead of the token once somebody has logged in: valid until a moment, signed with the token, so
/// that nothing is kept and a new token ends all sessions.
///
///     EXPIRY "." HMAC-SHA256(token, "hookswitch session until " EXPIRY), both in hexadecimal digits
enum SessionPass {
    static let cookieName = "hookswitch_session"
    /// For how long a pass is valid, in milliseconds.
    static let lifetimeMilliseconds: Int64 = 12 * 3_600_000

    /// A pass that begins now, in milliseconds since 1970.
    static func issue(token: [UInt8], now: Int64) -> String {
        let expiry = String(UInt64(max(0, now + lifetimeMilliseconds)), radix: 16)
        return expiry + "." + signature(token, expiry)
    }

    /// Whether a pass is one of ours and still valid; compared in constant time.
    static func isValid(_ pass: Substring, token: [UInt8], now: Int64) -> Bool {
        let parts = pass.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let expiry = Int64(parts[0], radix: 16), expiry > now,
            expiry <= now + lifetimeMilliseconds
        else { return false }
        return ConstantTime.equal(Array(parts[1].utf8), Array(signature(token, String(parts[0])).utf8))
    }

    /// The pass in a `cookie` header (RFC 6265 §5.4); `nil` if there is none.
    static func find(in header: String) -> Substring? {
        for pair in header.split(separator: ";") {
            let pair = pair.drop { $0 == " " }
            if pair.hasPrefix(cookieName + "=") { return pair.dropFirst(cookieName.count + 1) }
        }
        return nil
    }

    /// The `set-cookie` header that gives it; `nil` takes it away. Out of reach of scripts and of other sites' pages.
    static func cookie(_ pass: String?, isSecure: Bool) -> String {
        "\(cookieName)=\(pass ?? ""); Path=/; HttpOnly; SameSite=Strict; "
            + "Max-Age=\(pass == nil ? 0 : lifetimeMilliseconds / 1000)\(isSecure ? "; Secure" : "")"
    }

    private static func signature(_ token: [UInt8], _ expiry: String) -> String {
        Hex.encode(HMAC.sign(key: token, Array("hookswitch session until \(expiry)".utf8)))
    }
}
