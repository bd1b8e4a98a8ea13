import CCurl
import Glibc

/// One of libcurl's handles with the memory that it borrows; used for one request after the other on the transfer thread.
final class Transfer {
    /// How much of an answer's body is read at the most, in bytes; then the connection is closed.
    static let bodyLimitBytes = 64 << 10
    /// How much of headers an answer may have, in bytes.
    static let headerLimitBytes = 16 << 10
    /// How much memory a handle keeps between requests, in bytes.
    static let keptBytes = 64 << 10

    let easy: UnsafeMutableRawPointer
    private(set) var request: TransferRequest?
    private var body = UnsafeMutableRawBuffer()
    private var lines = UnsafeMutableRawBuffer()
    private var nodes: [UnsafeMutablePointer<curl_slist>] = []
    private let errorText: UnsafeMutablePointer<CChar>
    // The answer, as it comes.
    private var kept: [UInt8] = []
    private var bodyBytes = 0
    private var headerBytes = 0
    private var retryAfter: RetryAfter?
    private var location: String?

    init?() {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText[0] = 0
        configure()
    }

    deinit {
        curl_easy_cleanup(easy)
        errorText.deallocate()
        for node in nodes { node.deallocate() }
        body.free()
        lines.free()
    }

    /// What never changes from request to request.
    private func configure() {
        hs_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        hs_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        hs_curl_set_pointer(easy, CURLOPT_PROXY, "")
        hs_curl_set_pointer(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        hs_curl_set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        hs_curl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        hs_curl_set_long(easy, CURLOPT_BUFFERSIZE, 16 << 10)
        hs_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        hs_curl_close_on_exec(easy)
        let this = Unmanaged.passUnretained(self).toOpaque()
        hs_curl_set_pointer(easy, CURLOPT_PRIVATE, this)
        hs_curl_set_pointer(easy, CURLOPT_WRITEDATA, this)
        hs_curl_set_pointer(easy, CURLOPT_HEADERDATA, this)
        hs_curl_set_sink(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, user in
            Unmanaged<Transfer>.fromOpaque(user!).takeUnretainedValue().tookBody(
                UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        hs_curl_set_sink(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, user in
            Unmanaged<Transfer>.fromOpaque(user!).takeUnretainedValue().tookHeader(
                UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
    }

    /// The handle whose request libcurl says has ended.
    static func of(_ easy: UnsafeMutableRawPointer) -> Transfer? {
        hs_curl_get_private(easy).map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Makes the handle ready for a request.
    func prepare(_ request: TransferRequest) {
        self.request = request
        kept.removeAll(keepingCapacity: true)
        (bodyBytes, headerBytes, retryAfter, location) = (0, 0, nil, nil)
        errorText[0] = 0
        var url = request.url
        url.append(0)
        url.withUnsafeBytes { _ = hs_curl_set_pointer(easy, CURLOPT_URL, $0.baseAddress) }
        hs_curl_set_long(easy, CURLOPT_POST, 1)
        hs_curl_set_pointer(easy, CURLOPT_CUSTOMREQUEST, request.method == "POST" ? nil : request.method)
        body.fill(request.body)
        hs_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
        hs_curl_set_pointer(easy, CURLOPT_POSTFIELDS, body.start)
        hs_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList(request))
        hs_curl_set_long(easy, CURLOPT_TIMEOUT_MS, Int(request.timeoutMilliseconds))
        hs_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(request.timeoutMilliseconds))
    }

    /// Lets go of the request; the answer is how it ended.
    func finish(_ result: CURLcode) -> AttemptEnding {
        defer { release() }
        let status = hs_curl_get_long(easy, CURLINFO_RESPONSE_CODE)
        let isCutByUs = result == CURLE_WRITE_ERROR && bodyBytes > Transfer.bodyLimitBytes
        guard result == CURLE_OK || isCutByUs else { return .broken(reason: fault(result)) }
        guard status >= 100 else { return .broken(reason: "the answer is not HTTP") }
        return .answered(
            AttemptEnding.Answer(status: status, body: kept, retryAfter: retryAfter, location: location))
    }

    /// Lets go of the request without an ending.
    func release() {
        request = nil
        body.shrink(to: Transfer.keptBytes)
        lines.shrink(to: Transfer.keptBytes)
    }

    private func fault(_ result: CURLcode) -> String {
        if result == CURLE_WRITE_ERROR && headerBytes > Transfer.headerLimitBytes {
            return "the answer's headers are over \(Transfer.headerLimitBytes >> 10) KiB"
        }
        let text = String(cString: errorText)
        let detail = text.isEmpty ? String(cString: curl_easy_strerror(result)) : text
        return TransferFault(result, detail: detail, connected: hs_curl_get_time(easy, CURLINFO_PRETRANSFER_TIME_T) > 0)
            .reason
    }

    /// The header lines as libcurl's list, in memory of our own that lives as long as the request.
    private func headerList(_ request: TransferRequest) -> UnsafeMutablePointer<curl_slist>? {
        lines.fill(request.headerLines)
        while nodes.count < request.headerCount { nodes.append(.allocate(capacity: 1)) }
        guard request.headerCount > 0, let start = lines.start else { return nil }
        var line = start.assumingMemoryBound(to: CChar.self)
        for index in 0..<request.headerCount {
            let next = index + 1 < request.headerCount ? nodes[index + 1] : nil
            nodes[index].initialize(to: curl_slist(data: line, next: next))
            line += strlen(line) + 1
        }
        return nodes[0]
    }

    private func tookBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        bodyBytes += bytes.count
        let room = AttemptEnding.Answer.keptBodyBytes - kept.count
        if room > 0 { kept.append(contentsOf: bytes.prefix(room)) }
        return bodyBytes > Transfer.bodyLimitBytes ? 0 : bytes.count
    }

    private func tookHeader(_ bytes: UnsafeRawBufferPointer) -> Int {
        headerBytes += bytes.count
        if headerBytes > Transfer.headerLimitBytes { return 0 }
        switch bytes.first {
        case UInt8(ascii: "r"), UInt8(ascii: "R"):
            if let value = Transfer.value(of: "retry-after", in: bytes) { retryAfter = RetryAfter(value) }
        case UInt8(ascii: "l"), UInt8(ascii: "L"):
            if let value = Transfer.value(of: "location", in: bytes) { location = String(value.prefix(512)) }
        default: break
        }
        return bytes.count
    }

    private static func value(of name: String, in line: UnsafeRawBufferPointer) -> String? {
        let name = Array(name.utf8)
        guard line.count > name.count, line[name.count] == UInt8(ascii: ":"),
            zip(line, name).allSatisfy({ $0 | 0x20 == $1 | 0x20 })
        else { return nil }
        return String(decoding: line[(name.count + 1)...].filter { $0 != 13 && $0 != 10 }, as: UTF8.self).trimmingSpaces
    }
}
