import CCurl
import Glibc

/// A transfer that failed without an answer, in words that tell the kinds apart.
struct TransferFault {
    /// How far a request had come.
    enum Phase {
        case resolving, connecting, handshake, sending, waitingForAnswer, readingAnswer
    }

    let reason: String

    private init(reason: String) {
        self.reason = reason
    }

    /// The address that a name resolved to is not connected to.
    static func denied(_ address: String) -> TransferFault {
        TransferFault(reason: "address denied: \(address) is among those that are not connected to (http.deny)")
    }

    /// The connection ended before a byte of an answer had come.
    static let closedUnanswered = "connection reset: it was closed without an answer"

    init(_ code: CURLcode, detail: String, errno: Int32, phase: Phase) {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: reason = "DNS: \(detail)"
        case CURLE_COULDNT_RESOLVE_PROXY: reason = "proxy: DNS: \(detail)"
        case CURLE_COULDNT_CONNECT: reason = TransferFault.unconnected(errno, detail)
        case CURLE_OPERATION_TIMEDOUT: reason = TransferFault.timeout(phase, detail)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_INITFAILED:
            reason = "TLS: \(detail)"
        case CURLE_PROXY: reason = "proxy: \(detail)"
        // With TLS 1.3 a server that refuses our certificate says so after the handshake (RFC 8446 §4.4.2.4).
        case CURLE_SEND_ERROR where TransferFault.isAlert(detail), CURLE_RECV_ERROR where TransferFault.isAlert(detail):
            reason = "TLS: \(detail)"
        case CURLE_RECV_ERROR where detail.contains("proxy"): reason = "proxy: \(detail)"
        case CURLE_RECV_ERROR where detail.contains("chunked-encoding"): reason = "the answer is not HTTP: \(detail)"
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR: reason = "connection reset: \(detail)"
        case CURLE_PARTIAL_FILE: reason = "the answer was cut off: \(detail)"
        case CURLE_HTTP2, CURLE_HTTP2_STREAM: reason = "HTTP/2: \(detail)"
        // An HTTP/0.9, or a status that is none.
        case CURLE_UNSUPPORTED_PROTOCOL where detail.contains("in HTTP") || detail.contains("HTTP/0.9"),
            CURLE_WEIRD_SERVER_REPLY,
            CURLE_BAD_CONTENT_ENCODING:
            reason = "the answer is not HTTP: \(detail)"
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: reason = "no request can be made of this URL: \(detail)"
        default: reason = "transfer failed (libcurl \(code.rawValue)): \(detail)"
        }
    }

    /// Whether libcurl tells of a TLS alert, in OpenSSL's words.
    private static func isAlert(_ detail: String) -> Bool {
        detail.contains("SSL routines") && detail.contains("alert")
    }

    private static func unconnected(_ errno: Int32, _ detail: String) -> String {
        switch errno {
        case EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL: "unreachable: \(detail)"
        case EMFILE, ENFILE: "no descriptor left for a connection: \(detail)"
        case ENOENT: "no such socket: \(detail)"
        default: "connection refused: \(detail)"
        }
    }

    /// A timeout, by what it came in.
    static func timeout(_ phase: Phase, _ detail: String) -> String {
        switch phase {
        case .resolving: "timeout resolving the name: \(detail)"
        case .connecting: "timeout connecting: \(detail)"
        case .handshake: "timeout in the TLS handshake: \(detail)"
        case .sending: "timeout sending the request: \(detail)"
        case .waitingForAnswer: "timeout waiting for the answer: \(detail)"
        case .readingAnswer: "timeout reading the answer: \(detail)"
        }
    }
}
