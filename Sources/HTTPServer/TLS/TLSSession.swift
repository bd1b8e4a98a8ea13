import CPlatform
import CTLS

/// One connection's TLS, on its socket. Owned by its connection's event loop.
final class TLSSession {
    private let session: OpaquePointer
    /// Its contexts last as long as it does.
    private let identity: TLSIdentity
    /// Whether the socket must take bytes before anything can be read: so it is in a handshake.
    private(set) var wantsToWrite = false
    /// The client spoke HTTP without TLS.
    private(set) var isPlainHTTP = false

    init(_ session: OpaquePointer, of identity: TLSIdentity) {
        self.session = session
        self.identity = identity
    }

    deinit { SSL_free(session) }

    var isEstablished: Bool { hs_tls_is_established(session) == 1 }

    /// Whether something was read from the socket that nobody has asked for yet: the kernel won't tell of it again.
    var hasPending: Bool { SSL_has_pending(session) == 1 }

    /// Reads, as recv(2) on a socket that does not block: bytes, 0 at the end, `nil` if there is nothing now.
    func read(_ room: UnsafeMutableRawBufferPointer) -> Int? {
        wantsToWrite = false
        let outcome = hs_tls_read(session, room.baseAddress, room.count)
        switch hs_tls_outcome(rawValue: Int32(clamping: min(outcome, 1))) {
        case HS_TLS_WANTS_READ: return nil
        case HS_TLS_WANTS_WRITE:
            wantsToWrite = true
            return nil
        case HS_TLS_PLAIN_HTTP:
            isPlainHTTP = true
            return 0
        default: return max(0, outcome)
        }
    }

    /// Writes what the socket takes: bytes, or `nil` if the connection is broken.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var done = 0
        while done < bytes.count {
            let outcome = hs_tls_write(session, bytes.baseAddress! + done, bytes.count - done)
            if outcome > 0 {
                done += outcome
            } else if outcome == Int(HS_TLS_WANTS_READ.rawValue) || outcome == Int(HS_TLS_WANTS_WRITE.rawValue) {
                break
            } else {
                return nil
            }
        }
        return done
    }

    /// Says that nothing more comes (close_notify, RFC 8446 §6.1).
    func sayGoodbye() { SSL_shutdown(session) }
}
