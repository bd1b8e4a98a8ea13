import EventJSON

/// Puts an HTTP request together: URL, headers and body of one attempt.
struct RequestComposer {
    private let http: HTTPTargetSettings
    private let body: JSONTemplate?
    private let timeoutMilliseconds: Int64
    private let userAgent: String
    private let sign: @Sendable ([UInt8], [UInt8]) -> [UInt8]
    private let paths: [EventPath]
    private let fixedURL: [UInt8]?
    /// Names that the configuration sets, in lower case: the relay's own of that name stays away.
    private let configured: Set<String>
    /// The URL as configured, for the record of a request that can't be made.
    let fixedPlace: String

    /// A composer; `nil` if the target is no HTTP endpoint.
    init?(_ settings: TargetSettings, options: DeliveryOptions) {
        guard case .http(let http) = settings.kind else { return nil }
        self.http = http
        body = settings.body
        timeoutMilliseconds = max(1, settings.timeout.milliseconds)
        userAgent = options.userAgent
        sign = options.sign
        paths = Array(Set(http.url.paths + http.headers.flatMap { $0.value.paths } + (settings.body?.paths ?? [])))
        fixedURL = http.url.isConstant ? Array(http.url.source.utf8) : nil
        configured = Set(http.headers.map { $0.name.lowercased() })
        fixedPlace = RequestComposer.withoutCredentials(http.url.source)
    }

    /// The request of an attempt; `nil` if a placeholder needs a JSON body and there is none.
    func request(_ attempt: Attempt, owner: HTTPTransport) -> TransferRequest? {
        guard let values = attempt.values(at: paths) else { return nil }
        let url = fixedURL ?? http.url.renderURL(values)
        let content = body?.render(values) ?? attempt.event.body
        var lines = HeaderLines()
        let attributes = attempt.event.attributes
        for header in attributes.headers where !configured.contains(header.name) {
            if body != nil && header.name == "content-type" { continue }
            lines.add(header.name, header.value.utf8)
        }
        let seconds = String(attempt.startedAt.wall / 1000)
        addOwn("webhook-id", attributes.webhookID, &lines)
        addOwn("webhook-timestamp", seconds, &lines)
        addOwn("webhook-attempt", String(attempt.number), &lines)
        addOwn("user-agent", userAgent, &lines)
        if !http.signingKeys.isEmpty {
            addOwn("webhook-signature", signature(attributes.webhookID, seconds, content), &lines)
        }
        if body != nil { addOwn("content-type", "application/json", &lines) }
        for header in http.headers { lines.add(header.name, header.value.renderHeader(values)) }
        // libcurl's own additions, unless somebody set them.
        if !lines.hasContentType { lines.leaveOut("content-type") }
        lines.leaveOut("expect")
        return TransferRequest(
            event: attempt.event.number, url: url, method: http.method, headerLines: lines.bytes,
            headerCount: lines.count, body: content, timeoutMilliseconds: timeoutMilliseconds, owner: owner,
            place: fixedURL != nil
                ? fixedPlace : RequestComposer.withoutCredentials(String(decoding: url, as: UTF8.self)))
    }

    /// Standard Webhooks: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, one for each key.
    private func signature(_ id: String, _ seconds: String, _ content: [UInt8]) -> String {
        let message = Array("\(id).\(seconds).".utf8) + content
        return http.signingKeys.map { "v1," + Base64.encode(sign($0, message)) }.joined(separator: " ")
    }

    private func addOwn(_ name: String, _ value: String, _ lines: inout HeaderLines) {
        if !configured.contains(name) { lines.add(name, value.utf8) }
    }

    /// A URL without `user:password@`, which no record is to show.
    static func withoutCredentials(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let authority = url[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@") else { return url }
        return url[..<scheme.upperBound] + String(url[url.index(after: at)...])
    }
}

/// Header lines in the form that libcurl takes.
struct HeaderLines {
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    private(set) var hasContentType = false

    /// Adds a field. Control characters in the value become spaces: no value adds a line.
    mutating func add(_ name: String, _ value: some Collection<UInt8>) {
        if name.utf8.count == 12 && name.lowercased() == "content-type" { hasContentType = true }
        bytes.append(contentsOf: name.utf8)
        // libcurl takes "name:" for "leave it out" and "name;" for an empty value.
        if value.isEmpty {
            bytes.append(UInt8(ascii: ";"))
        } else {
            bytes.append(UInt8(ascii: ":"))
            bytes.append(UInt8(ascii: " "))
            for byte in value { bytes.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte) }
        }
        bytes.append(0)
        count += 1
    }

    /// Keeps libcurl from adding a field of its own.
    mutating func leaveOut(_ name: String) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(0)
        count += 1
    }
}
