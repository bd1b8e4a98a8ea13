import CTLS

/// The certificates that a server shows, chosen by the name that a client asks for: the first whose certificate is for it,
/// else the first of all.
///
/// Unchecked: made whole before anybody sees it; OpenSSL's contexts may be used from any thread (openssl-threads(7)).
public final class TLSIdentity: @unchecked Sendable {
    /// The contexts, and behind them a null.
    private let contexts: UnsafeMutablePointer<OpaquePointer?>
    private let count: Int
    /// Seconds until the first of the certificates expires; negative once one has.
    public let secondsLeft: Int

    /// Reads certificates and keys. Tickets given out under `previous` stay good.
    /// - Throws: what is wrong, and with which of the files.
    public init(_ files: [TLSFiles], continuing previous: TLSIdentity? = nil) throws(TLSFault) {
        var made: [OpaquePointer] = []
        do throws(TLSFault) {
            for one in files { made.append(try TLSIdentity.context(one)) }
        } catch {
            for context in made { SSL_CTX_free(context) }
            throw error
        }
        count = made.count
        contexts = .allocate(capacity: made.count + 1)
        contexts.initialize(repeating: nil, count: made.count + 1)
        for (index, context) in made.enumerated() { contexts[index] = context }
        secondsLeft = made.map { hs_tls_seconds_left($0) }.min() ?? 0
        if made.count > 1 { hs_tls_choose_by_name(contexts) }
        if let old = previous?.contexts[0], let new = contexts[0] { hs_tls_keep_tickets(old, new) }
    }

    deinit {
        for index in 0..<count { SSL_CTX_free(contexts[index]) }
        contexts.deallocate()
    }

    /// A session for a connection.
    func session(on descriptor: Int32) -> TLSSession? {
        contexts[0].flatMap { hs_tls_session($0, descriptor) }.map { TLSSession($0, of: self) }
    }

    private static func context(_ files: TLSFiles) throws(TLSFault) -> OpaquePointer {
        var fault: Int32 = 0
        var reason = [CChar](repeating: 0, count: 256)
        if let made = hs_tls_context(
            files.certificate, files.key, files.clientAuthorities, &fault, &reason, reason.count)
        {
            return made
        }
        let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        switch hs_tls_fault(rawValue: UInt32(fault)) {
        case HS_TLS_CERTIFICATE:
            throw TLSFault(
                part: .certificate, message: "\(files.certificate) is no certificate that can be read: \(text)",
                hint: "name a file in PEM: the certificate first, then those that it rests on")
        case HS_TLS_KEY:
            throw TLSFault(
                part: .key, message: "\(files.key) is no private key that can be read: \(text)",
                hint: "name a file in PEM that this user may read and that has no passphrase")
        case HS_TLS_NO_FIT:
            throw TLSFault(
                part: .key, message: "the key \(files.key) does not fit the certificate \(files.certificate)",
                hint: "name the key that the certificate was made for")
        case HS_TLS_CLIENT_CA:
            throw TLSFault(
                part: .clientAuthorities, message: "\(files.clientAuthorities ?? "") names no authority: \(text)",
                hint: "name a file in PEM with the certificates of those who sign clients' certificates")
        default: throw TLSFault(part: .memory, message: "TLS could not be set up: \(text)", hint: "")
        }
    }
}
