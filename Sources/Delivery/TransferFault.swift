import CCurl

/// A transfer that failed without an answer, in words that tell the kinds apart.
struct TransferFault {
    let reason: String

    init(_ code: CURLcode, detail: String, connected: Bool) {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: reason = "DNS: \(detail)"
        case CURLE_COULDNT_CONNECT: reason = "connection refused: \(detail)"
        case CURLE_OPERATION_TIMEDOUT:
            reason = connected ? "timeout waiting for the answer: \(detail)" : "timeout connecting: \(detail)"
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_INITFAILED:
            reason = "TLS: \(detail)"
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR: reason = "connection reset: \(detail)"
        case CURLE_PARTIAL_FILE: reason = "the answer was cut off: \(detail)"
        case CURLE_UNSUPPORTED_PROTOCOL where detail.contains("HTTP/0.9"), CURLE_WEIRD_SERVER_REPLY,
            CURLE_BAD_CONTENT_ENCODING:
            reason = "the answer is not HTTP: \(detail)"
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: reason = "no request can be made of this URL: \(detail)"
        default: reason = "transfer failed (libcurl \(code.rawValue)): \(detail)"
        }
    }
}
