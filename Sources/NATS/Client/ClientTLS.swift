import CTLS
import Glibc

/// A client's side of TLS: what it believes and shows.
///
/// Unchecked: made whole before anybody sees it; OpenSSL's contexts may be used from any thread (openssl-threads(7)).
final class ClientTLS: @unchecked Sendable {
    private let context: OpaquePointer

    /// Reads the files.
    /// - Throws: `NATSFault` of the kind `ours` with what is wrong.
    init(_ settings: ClientSettings.TLS) throws(NATSFault) {
        var reason = [CChar](repeating: 0, count: 256)
        guard
            let made = hs_tls_client_context(
                settings.authority, settings.certificate, settings.key, &reason, reason.count)
        else {
            let text = String(decoding: reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw NATSFault(.ours, "TLS to the brokers could not be set up: \(text)")
        }
        context = made
    }

    deinit { SSL_CTX_free(context) }

    /// A session on a connected socket.
    func session(on descriptor: Int32, to host: String) -> OpaquePointer? {
        var v4 = in_addr()
        var v6 = in6_addr()
        let isAddress = inet_pton(AF_INET, host, &v4) == 1 || inet_pton(AF_INET6, host, &v6) == 1
        return hs_tls_client_session(context, descriptor, host, isAddress ? 1 : 0)
    }
}
