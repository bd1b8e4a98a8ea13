/// What AWS's services say of a request, or of one entry of it, that they did not take.
struct AWSFault: Equatable {
    /// The code: `ThrottlingException`, `MalformedDetail`; empty if none was said.
    var code = ""
    /// The words that came with it; empty if none came.
    var message = ""
    /// Whether the entry itself is at fault, where the service says that (SQS, SNS).
    var isSenders = false

    /// The status that means the same: 429 throttled, 503 the service's own fault, 403 our credentials or permissions, 400 the
    /// event as it is. What nobody knows is tried again.
    var status: Int { known ?? (isSenders ? 400 : 503) }

    /// Whether its code is one of those below.
    var isKnown: Bool { known != nil }

    private var known: Int? {
        if AWSFault.throttled.contains(where: code.contains) { return 429 }
        if AWSFault.services.contains(where: code.contains) { return 503 }
        if code.hasPrefix(AWSFault.aboutTheEntry) { return 400 }
        if AWSFault.ours.contains(where: code.contains) { return 403 }
        return AWSFault.final.contains(where: code.hasPrefix) ? 400 : nil
    }

    /// The fault in words.
    var reason: String {
        let words = [code, message].filter { !$0.isEmpty }
        return words.isEmpty ? "it does not say why" : words.joined(separator: ": ")
    }

    // AWS SDKs and Tools Reference Guide, "Retry behavior", and the services' pages on common errors.
    private static let throttled = [
        "Throttl", "TooManyRequests", "ThroughputExceeded", "RequestLimitExceeded", "BandwidthLimitExceeded",
        "SlowDown",
        "PriorRequestNotComplete", "TransactionInProgress",
    ]
    private static let services = ["Internal", "Unavailable", "Timeout", "ServiceException"]
    /// EventBridge: an entry's `Source` is one that only AWS may use.
    private static let aboutTheEntry = "NotAuthorizedForSource"
    private static let ours = [
        "AccessDenied", "NotAuthorized", "Signature", "ExpiredToken", "UnrecognizedClient", "InvalidClientTokenId",
        "InvalidAccessKeyId", "InvalidSecurity", "MissingAuthenticationToken", "AuthFailure", "RequestExpired",
        "OptInRequired",
    ]
    private static let final = ["Invalid", "Malformed", "Missing", "Validation", "Unsupported", "MessageTooLong"]
}
