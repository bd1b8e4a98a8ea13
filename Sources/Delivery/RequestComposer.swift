import EventJSON
import Platform

/// Puts an HTTP request together: URL, headers and body of one attempt, or of a batch of them. It never changes.
final class RequestComposer {
    let http: HTTPTargetSettings
    let batch: BatchSettings?
    private let body: JSONTemplate?
    private let isForm: Bool
    private let format: EventFormat
    private let timeoutMilliseconds: Int64
    private let aws: SignatureV4?
    private let paths: [EventPath]
    private let keptBodyBytes: Int
    private let fixedURL: [UInt8]?
    private let connection: ConnectionProfile
    private let plain: PlainEndpoint?
    /// The same for a URL without placeholders, if it goes out as it stands.
    private let fixedPlain: PlainEndpoint?
    /// Names that the configuration sets, in lower case: the relay's own of that name stays away.
    private let configured: Set<String>
    /// What every request has.
    private let fixedLines: HeaderLines
    /// Configured headers with placeholders.
    private let changingHeaders: [(name: String, value: Template)]
    /// The URL as configured, for the record of a request that can't be made.
    let fixedPlace: String

    /// A composer; `nil` if the target is no HTTP endpoint.
    init?(_ settings: TargetSettings, options: DeliveryOptions) {
        guard case .http(let http) = settings.kind else { return nil }
        self.http = http
        batch = settings.batch
        body = settings.body
        format = settings.format
        timeoutMilliseconds = max(1, settings.timeout.milliseconds)
        aws = http.aws.map { SignatureV4(settings: $0) }
        keptBodyBytes = aws == nil ? AttemptEnding.Answer.keptBodyBytes : AWSAnswer.keptBodyBytes
        paths = Array(Set(http.url.paths + http.headers.flatMap { $0.value.paths } + (settings.body?.paths ?? [])))
        fixedURL = http.url.isConstant ? Array(http.url.source.utf8) : nil
        connection = ConnectionProfile(http.connection)
        plain = PlainEndpoint(http.url.source, http.connection)
        fixedPlain = fixedURL.flatMap { [plain] in plain?.reached(by: $0) }
        fixedPlace = RequestComposer.place(http.shown.source, http)
        changingHeaders = http.headers.filter { !$0.value.isConstant }
        var names = Set(http.headers.map { $0.name.lowercased() })
        let defaults = (http.aws.map { AWSDefaults.headers(of: $0.service) } ?? []).filter { !names.contains($0.name) }
        names.formUnion(defaults.map(\.name))
        configured = names
        let constants = http.headers.filter { $0.value.isConstant }.map { ($0.name, $0.value.source) } + defaults
        isForm = constants.contains {
            $0.0.lowercased() == "content-type" && $0.1.lowercased().hasPrefix("application/x-www-form-urlencoded")
        }
        var lines = HeaderLines()
        if !names.contains("user-agent") { lines.add("user-agent", options.userAgent) }
        for header in constants { lines.add(header.0, header.1) }
        // libcurl's own addition.
        lines.leaveOut("expect")
        fixedLines = lines
    }

    /// The request of an attempt; `nil` if a placeholder needs a JSON body and there is none.
    func request(_ attempt: Attempt, token: String? = nil, tag: UInt64, owner: any TransferOwner) -> TransferRequest? {
        guard let values = attempt.values(at: paths) else { return nil }
        let attributes = attempt.event.attributes
        let trace = RequestComposer.trace(attempt)
        var lines = HeaderLines()
        lines.reserve(HeaderLines.usualBytes)
        lines.add(fixedLines)
        let content = content(attempt, values, trace)
        for header in attributes.headers where !isConfigured(header.name) {
            switch header.name {
            case "traceparent": continue
            // What is sent is another body than the one that the sender encoded.
            case "content-type", "content-encoding": if content.type != nil { continue }
            default: break
            }
            lines.add(header.name, header.value)
        }
        if format == .cloudEventsBinary { CloudEvent(attempt, trace: trace).addBinary(to: &lines) }
        for header in changingHeaders { lines.add(header.name, header.value.renderHeader(values)) }
        let url = fixedURL ?? http.url.renderURL(values)
        finish(
            &lines, id: attributes.webhookID, attempt: attempt.number, trace: trace, content: content, token: token,
            url: url, at: attempt.startedAt)
        return TransferRequest(
            tag: tag, url: url, method: http.method, headers: lines, body: content.bytes,
            timeoutMilliseconds: timeoutMilliseconds, connection: connection,
            plain: fixedURL != nil ? fixedPlain : plain?.reached(by: url),
            keptBodyBytes: keptBodyBytes, aws: aws.map { AWSAnswer.Subject(service: $0.settings.service) },
            secrets: http.secrets,
            place: fixedURL != nil
                ? fixedPlace
                : RequestComposer.place(
                    String(decoding: http.shown.renderURL(values), as: UTF8.self), http),
            owner: owner)
    }

    /// What of an attempt goes into a batch; `nil` if it is no JSON, or a placeholder needs that it is.
    func item(_ attempt: Attempt) -> [UInt8]? {
        guard let values = attempt.values(at: paths) else { return nil }
        let item = content(attempt, values, RequestComposer.trace(attempt))
        guard item.type != nil || EventBody.isJSON(item.bytes) else { return nil }
        return batch?.form == .ndjson ? CompactJSON.compacted(item.bytes) : item.bytes
    }

    /// The request of a batch, of which there is one attempt at least. Its id is made of its events' ids, which are listed
    /// in `webhook-ids` in the body's order.
    func request(
        batch items: [BatchItem], token: String? = nil, tag: UInt64, owner: any TransferOwner
    ) -> TransferRequest? {
        guard let first = items.first else { return nil }
        let content = batchContent(items)
        var lines = HeaderLines()
        lines.add(fixedLines)
        let ids = items.map(\.attempt.event.attributes.webhookID)
        for list in BatchItem.lists(of: ids) { lines.add("webhook-ids", list) }
        let url = Array(http.url.source.utf8)
        finish(
            &lines, id: BatchItem.id(of: ids), attempt: items.map(\.attempt.number).max() ?? 1,
            trace: RequestComposer.trace(first.attempt), content: content, token: token, url: url,
            at: first.attempt.startedAt)
        return TransferRequest(
            tag: tag, url: url, method: http.method, headers: lines, body: content.bytes,
            timeoutMilliseconds: timeoutMilliseconds, connection: connection, plain: plain?.reached(by: url),
            keptBodyBytes: keptBodyBytes, aws: aws.map { AWSAnswer.Subject(service: $0.settings.service) },
            secrets: http.secrets,
            place: fixedPlace, owner: owner)
    }

    private typealias Content = (bytes: [UInt8], type: String?)

    /// The body of an attempt, and its type where that is not the sender's.
    private func content(_ attempt: Attempt, _ values: AttemptValues, _ trace: String) -> Content {
        var content: Content = (attempt.event.body, nil)
        if let body {
            content =
                isForm
                ? (body.renderForm(values), "application/x-www-form-urlencoded")
                : (body.render(values), "application/json")
        }
        guard format == .cloudEvents else { return content }
        return (CloudEvent(attempt, trace: trace).structured(content.bytes), CloudEvent.contentType)
    }

    private func batchContent(_ items: [BatchItem]) -> Content {
        let isLines = batch?.form == .ndjson
        var bytes: [UInt8] = []
        bytes.reserveCapacity(items.reduce(2) { $0 + $1.content.count + 1 })
        if !isLines { bytes.append(UInt8(ascii: "[")) }
        for (index, item) in items.enumerated() {
            if index > 0 && !isLines { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: item.content)
            if isLines { bytes.append(UInt8(ascii: "\n")) }
        }
        if !isLines { bytes.append(UInt8(ascii: "]")) }
        return (
            bytes,
            isLines
                ? "application/x-ndjson" : format == .cloudEvents ? CloudEvent.batchContentType : "application/json"
        )
    }

    /// The relay's own headers, and the signatures over what is there.
    private func finish(
        _ lines: inout HeaderLines, id: String, attempt: UInt32, trace: String, content: Content, token: String?,
        url: [UInt8], at moment: Moment
    ) {
        let seconds = String(moment.wall / 1000)
        addOwn("webhook-id", id, &lines)
        addOwn("webhook-timestamp", seconds, &lines)
        addOwn("webhook-attempt", String(attempt), &lines)
        addOwn("traceparent", trace, &lines)
        if !http.signingKeys.isEmpty { addOwn("webhook-signature", signature(id, seconds, content.bytes), &lines) }
        if let type = content.type { addOwn("content-type", type, &lines) }
        if !lines.hasContentType { lines.leaveOut("content-type") }
        if let token { lines.add("authorization", "Bearer \(token)") }
        if let aws { addSignature(aws, url, content.bytes, moment, &lines) }
    }

    /// Standard Webhooks: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, one for each key.
    private func signature(_ id: String, _ seconds: String, _ content: [UInt8]) -> String {
        let message = Array("\(id).\(seconds).".utf8) + content
        return http.signingKeys.map { "v1," + Base64.encode(Digest.hmac(key: $0, message)) }.joined(separator: " ")
    }

    /// Signature Version 4 over host, content type and all `x-amz-…` fields.
    private func addSignature(
        _ aws: SignatureV4, _ url: [UInt8], _ body: [UInt8], _ moment: Moment, _ lines: inout HeaderLines
    ) {
        let endpoint = EndpointURL(url)
        lines.add("host", endpoint.host)
        lines.add("x-amz-date", SignatureV4.date(moment.wall))
        if let token = aws.settings.sessionToken { lines.add("x-amz-security-token", token) }
        let sum = Digest.hex(body.withUnsafeBytes(SHA256.hash))
        lines.add("x-amz-content-sha256", sum)
        let fields = lines.fields.filter {
            $0.name == "host" || $0.name == "content-type" || $0.name.hasPrefix("x-amz-")
        }
        let request = SignatureV4.Request(
            method: http.method, path: endpoint.path, query: endpoint.query, fields: fields, bodySum: sum)
        lines.add("authorization", aws.authorization(request, at: moment.wall))
    }

    private func addOwn(_ name: String, _ value: String, _ lines: inout HeaderLines) {
        if !isConfigured(name) { lines.add(name, value) }
    }

    /// Most targets configure no headers: then no name is hashed.
    private func isConfigured(_ name: String) -> Bool { !configured.isEmpty && configured.contains(name) }

    /// The sender's trace, passed on as it came or with the attempt's own span in it, or a trace of our own.
    private static func trace(_ attempt: Attempt) -> String {
        let attributes = attempt.event.attributes
        let id = attributes.webhookID
        guard let parent = attributes.traceparent, let sender = TraceContext.parse(parent) else {
            return TraceContext.parent(webhookID: id, target: attempt.target, attempt: attempt.number)
        }
        guard attempt.isTraced && sender.isSampled else { return parent }
        let span = TraceContext.spanID(webhookID: id, target: attempt.target, attempt: attempt.number)
        return "00-\(sender.traceID)-\(span)-01"
    }

    /// A URL as records show it: without credentials, a socket by its path.
    private static func place(_ url: String, _ http: HTTPTargetSettings) -> String {
        guard let socket = http.connection.socket else { return EndpointURL.withoutCredentials(url) }
        return "unix:\(socket):" + String(decoding: EndpointURL(Array(url.utf8)).path, as: UTF8.self)
    }
}
