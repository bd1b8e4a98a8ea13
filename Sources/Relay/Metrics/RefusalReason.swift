/// Why the door refuses requests, in few words that never change.
enum RefusalReason: String, CaseIterable {
    case malformed, signature, address, path, method, timeout
    case tooLarge = "too_large"
    case coding, envelope
    case rate, closed, other

    /// The reason behind a status of SPEC.md section 2.
    init(status: Int) {
        self =
            switch status {
            case 400: .malformed
            case 401: .signature
            case 403: .address
            case 404: .path
            case 405, 501: .method
            case 408: .timeout
            case 413, 414, 431: .tooLarge
            case 415: .coding
            case 422: .envelope
            case 429: .rate
            case 503: .closed
            default: .other
            }
    }

    /// Counts by status, gathered by reason.
    static func counts(_ byStatus: [Int: Int]) -> [RefusalReason: Int] {
        byStatus.reduce(into: [:]) { $0[RefusalReason(status: $1.key), default: 0] += $1.value }
    }
}
